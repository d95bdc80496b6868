#!/usr/bin/env python3
"""Texts to a number go to the account's first device, and to others only while its account key
says so."""
import json

import cases
from test_devices import link
from test_teal import Liar, flipped

SENDER = "+447700900555"


def pair(world, name, number):
    """A phone and a tablet of one account with a number."""
    phone = world.person(name, f"im:{name}@native.example", f"tel:{number}")
    return phone, link(phone, f"{name}2", "a tablet")


def text(world, number, words, phone):
    """One SMS; when the phone has it, it is in every inbox that it will ever be in."""
    world.sms(SENDER, number, words)
    got = phone.message(text=words)
    assert got["verified"] and got["level"] == "PLAINTEXT", got


def has(device, words):
    return words in device.call("--json", "inbox")[1]


def allow(phone, tablet, number, *more):
    code = tablet.json("forwarding", "request", f"tel:{number}")[0]["code"]
    return phone.json("forwarding", "allow", code, *more)[0]


def notices(device):
    return [item["state"] for item in device.inbox() if item["kind"] == "forwarding"]


def test_texts_go_where_the_account_key_lets_them(world):
    number = "+14155550160"
    phone, tablet = pair(world, "fay", number)
    assert phone.json("forwarding") == []
    text(world, number, "for the phone alone", phone)
    assert not has(tablet, "for the phone alone")

    granted = allow(phone, tablet, number)
    assert granted["state"] == "granted" and granted["device"] == tablet.id, granted
    assert granted["expires_at_ms"] - granted["granted_at_ms"] == 90 * 86400 * 1000
    assert notices(phone) == ["granted"] and notices(tablet) == ["granted"]
    text(world, number, "for both", phone)
    assert tablet.message(text="for both")["verified"]
    listed = tablet.json("forwarding")
    assert [(g["name"], g["state"]) for g in listed] == [("a tablet", "granted")], listed

    ended = phone.json("forwarding", "revoke", tablet.id[:8])[0]
    assert ended["state"] == "revoked" and ended["sequence"] > granted["sequence"], ended
    assert notices(phone) == ["revoked"] and notices(tablet) == ["revoked"]
    text(world, number, "for the phone again", phone)
    assert not has(tablet, "for the phone again")
    assert phone.json("audit")  # the log has a grant and its end, and holds together

    again = allow(phone, tablet, number, "--days=1")
    assert again["expires_at_ms"] - again["granted_at_ms"] == 86400 * 1000, again
    text(world, number, "for both again", phone)
    assert tablet.message(text="for both again")["verified"]
    # What is end-to-end encrypted is none of this.
    gus = world.person("gus", "im:gus@native.example")
    phone.json("forwarding", "revoke", tablet.id)
    sent = gus.send(f"tel:{number}", "sealed, for all")
    for device in (phone, tablet):
        assert device.message(message_id=sent["message_id"])["verified"]


def test_a_device_that_leaves_takes_its_grant_along(world):
    number = "+14155550161"
    phone, tablet = pair(world, "hal", number)
    allow(phone, tablet, number)
    phone.json("devices", "revoke", tablet.id)
    text(world, number, "only one is left", phone)
    assert phone.json("forwarding") == []


def test_who_may_not_grant(world):
    number = "+14155550162"
    phone, tablet = pair(world, "ida", number)
    code = tablet.json("forwarding", "request", f"tel:{number}")[0]["code"]
    status, _, err = tablet.call("forwarding", "allow", code)
    assert status == 2 and "REQ-DEV-7" in err, (status, err)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    status, _, err = phone.call("forwarding", "allow", wrong)
    assert status == 6 and "REQ-FWD-6" in err, (status, err)
    for bad in ("0", "366", "soon"):
        assert phone.call("forwarding", "allow", code, f"--days={bad}")[0] == 2
    status, _, err = phone.call("forwarding", "request", f"tel:{number}")
    assert status == 3 and "REQ-FWD-1" in err, (status, err)
    assert tablet.call("forwarding", "request", "im:ida@native.example")[0] == 2
    assert tablet.call("forwarding", "request", "tel:+14155550199")[0] == 2
    assert phone.call("forwarding", "revoke", tablet.id)[0] == 2  # nothing to take back
    assert phone.json("forwarding") == []


def test_a_stranger_learns_and_changes_nothing(world):
    number = "+14155550163"
    phone, tablet = pair(world, "jon", number)
    allow(phone, tablet, number)
    eve = world.person("eve", "im:eve@native.example")
    path = f"/v1/accounts/tel:%2B{number[1:]}/forwarding"
    status, answer = eve.ask("GET", path)
    assert status == 403, (status, answer)
    status, answer = eve.ask("POST", path, {"device": tablet.id, "nonce": "A" * 22,
                                            "signature": "A" * 86})
    assert status == 403, (status, answer)


def test_a_gateway_cannot_make_up_a_grant(world):
    number = "+14155550164"
    liar = Liar(world)
    phone = liar.person(world, "kay", "im:kay@native.example", f"tel:{number}")
    phone.handle = "im:kay@native.example"
    tablet = link(phone, "kay2")
    allow(phone, tablet, number)

    def forge(method, path, status, body):
        if method == "GET" and path.endswith("/forwarding") and status == 200:
            answer = json.loads(body)
            answer["grants"] = [flipped(grant) for grant in answer["grants"]]
            return status, json.dumps(answer).encode()
        return status, body
    liar.twist = forge
    status, _, err = phone.call("forwarding")
    assert status == 6 and "did not sign" in err, (status, err)

    def announce(method, path, status, body):
        if "/v1/inbox" in path and method == "GET" and status == 200:
            answer = json.loads(body)
            for item in answer["items"]:
                if item["kind"] == "forwarding":
                    item["data"] = flipped(item["data"])
            return status, json.dumps(answer).encode()
        return status, body
    liar.twist = announce
    status, out, _ = phone.call("--json", "inbox")
    item = next(i for i in map(json.loads, out.splitlines()) if i["kind"] == "forwarding")
    assert status == 6 and not item["verified"], (status, out)


if __name__ == "__main__":
    cases.main(globals())
