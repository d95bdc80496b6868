#!/usr/bin/env python3
"""An account of several devices: joining by a code, revoking, and going on with a conversation on
another device; and what somebody in between, or somebody who guesses, comes to."""
import json
import os
import subprocess
from base64 import urlsafe_b64encode

import cases
from harness import PASSPHRASE, Person
from test_teal import Liar, flipped


class Linking:
    """A new device that asks to be added and waits."""

    def __init__(self, device, handle, name, gateway=None):
        self.device = device
        command = device.command("--json", "link", "--gateway", gateway or device.world.gateway,
                                 handle, name)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True,
                                        env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE})
        first = self.process.stdout.readline()
        assert first, self.process.communicate()
        self.shown = json.loads(first)
        self.code = self.shown["code"]

    def wait(self, status=0, seconds=40):
        """What it printed last, or (with another status) what it said."""
        out, err = self.process.communicate(timeout=seconds)
        assert self.process.returncode == status, (self.process.returncode, out, err)
        return json.loads(out.splitlines()[-1]) if status == 0 else err

    def cancel(self):
        self.process.kill()
        self.process.wait()


def fresh(world, name):
    return Person(world, name)


def link(first, name, label="a tablet", gateway=None):
    """Another device of the same person."""
    device = fresh(first.world, name)
    device.handle = first.handle
    asking = Linking(device, first.handle, label, gateway)
    approved = first.json("devices", "approve", asking.code)[0]
    assert approved["name"] == label and approved["approved"] == asking.shown["device"], approved
    asking.wait()
    device.id = asking.shown["device"]
    return device


def wrong(code):
    return f"{(int(code) + 1) % 100_000_000:08d}"


# ---- joining -----------------------------------------------------------------------------------

def test_a_second_device_joins_by_a_code(world):
    ann = world.person("ann", "im:ann@native.example")
    tablet = fresh(world, "ann2")
    asking = Linking(tablet, "im:ann@native.example", "ann's tablet")
    assert len(asking.code) == 8 and asking.code.isdigit()
    status, out, err = ann.call("devices", "approve", f"{asking.code[:4]} {asking.code[4:]}")
    assert status == 0, err
    assert "ann's tablet will read everything that is sent to im:ann@native.example" in out, out
    joined = asking.wait()
    assert joined["handles"] == ["im:ann@native.example"] and joined["version"] == 2
    assert joined["one_time_left"] == 100, joined
    devices = ann.json("devices")
    assert [d["name"] for d in devices] == ["ann's device", "ann's tablet"], devices
    assert [d["this"] for d in tablet.json("devices")] == [False, True]
    assert joined["account_key"] == tablet.json("lookup", "im:ann@native.example")[0]["account_key"]


def test_both_devices_get_what_is_sent(world):
    bea = world.person("bea", "im:bea@native.example")
    tablet = link(bea, "bea2")
    cal = world.person("cal", "im:cal@native.example")
    sent = cal.send("im:bea@native.example", "to both")
    for device in (bea, tablet):
        assert device.message(message_id=sent["message_id"])["text"] == "to both"
    for device in (bea, tablet):  # what one of them acknowledged is not taken from the other
        cal.wait_for("a receipt", kind="device-receipt", message_id=sent["message_id"])


def test_a_device_that_joins_can_be_sealed_to_before_it_comes_back(world):
    dan = world.person("dan", "im:dan@native.example")
    eve = world.person("eve", "im:eve@native.example")
    liar = Liar(world)
    liar.swallow = lambda method, path: (503, "application/problem+json", json.dumps(
        {"type": "urn:teal:problem:overloaded", "title": "x", "status": 503, "detail": "x",
         "requirement": "REQ-REST-4", "remedy": "x"}).encode()) \
        if "/prekeys" in path else None
    tablet = fresh(world, "dan2")
    asking = Linking(tablet, "im:dan@native.example", "dan's tablet", liar.url)
    dan.json("devices", "approve", asking.code)
    asking.wait(status=3)
    sent = eve.send("im:dan@native.example", "it has one key already")
    liar.swallow = lambda method, path: None
    assert tablet.message(message_id=sent["message_id"])["verified"]


def test_a_further_device_cannot_change_the_account(world):
    fay = world.person("fay", "im:fay@native.example")
    tablet = link(fay, "fay2")
    for args in (["devices", "revoke", "0000"], ["devices", "approve", "12345678"],
                 ["register", "im:fay.more@native.example"]):
        status, _, err = tablet.call(*args)
        assert status == 2 and "REQ-DEV-7" in err, (args, err)
    assert tablet.json("register", "im:fay@native.example")[0]["version"] == 2


# ---- going on elsewhere ------------------------------------------------------------------------

def test_a_conversation_goes_on_on_another_device(world):
    nan = world.person("nan", "im:nan@native.example")
    tablet = link(nan, "nan2", "nan's tablet")
    oli = world.person("oli", "im:oli@native.example")
    first = nan.send("im:oli@native.example", "from the phone")
    got = oli.message(message_id=first["message_id"])
    copy = tablet.wait_for("a copy", kind="sent", message_id=first["message_id"])
    assert copy["text"] == "from the phone" and copy["to"] == ["im:oli@native.example"], copy
    assert copy["device"] == "nan's device" and copy["verified"] and copy["level"] == "E2EE"
    assert copy["conversation_id"] == got["conversation_id"]
    answer = oli.send("im:nan@native.example", "an answer")
    assert tablet.message(message_id=answer["message_id"])["conversation_id"] == \
        copy["conversation_id"]
    second = tablet.send("im:oli@native.example", "from the tablet")
    assert oli.message(message_id=second["message_id"])["conversation_id"] == \
        copy["conversation_id"]
    assert nan.wait_for("a copy", kind="sent", message_id=second["message_id"])["text"] == \
        "from the tablet"
    assert [s["message_id"] for s in tablet.json("receipts")] == \
        [first["message_id"], second["message_id"]]


def test_a_copy_that_cannot_be_made_does_not_fail_the_message(world):
    liar = Liar(world)
    quy = liar.person(world, "quy", "im:quy@native.example")
    quy.handle = "im:quy@native.example"
    link(quy, "quy2")
    ray = world.person("ray", "im:ray@native.example")

    def no_claims(method, path):
        if path.endswith("quy%40native.example/claim") or path.endswith("quy@native.example/claim"):
            return 503, "application/problem+json", json.dumps(
                {"type": "urn:teal:problem:overloaded", "title": "x", "status": 503, "detail": "x",
                 "requirement": "REQ-REST-4", "remedy": "x"}).encode()
        return None
    liar.swallow = no_claims
    status, out, err = quy.call("send", "im:ray@native.example", "without a copy")
    assert status == 0 and "do not all get a copy" in err, (status, out, err)
    assert ray.message(text="without a copy")["verified"]


# ---- what devices are told, and revoking -------------------------------------------------------

def test_devices_are_told_of_each_other(world):
    sam = world.person("sam", "im:sam@native.example")
    tablet = link(sam, "sam2", "sam's tablet")
    third = link(sam, "sam3", "sam's television")
    told = tablet.wait_for("a change", kind="account", version=3)
    assert told["added"] == [{"device": third.id, "name": "sam's television"}], told
    assert told["verified"] and not told["revoked"]
    sam.json("devices", "revoke", third.id[:6])
    told = tablet.wait_for("a change", kind="account", version=4)
    assert told["revoked"] == [{"device": third.id, "name": "sam's television"}], told
    assert [d["name"] for d in tablet.json("devices")] == ["sam's device", "sam's tablet"]
    link(sam, "sam4", "sam's watch")
    status, out, _ = tablet.call("inbox")
    assert status == 0 and "device sam's watch" in out and "was added" in out, out
    assert not [i for i in sam.inbox() if i["kind"] == "account"]  # it did all that itself


def test_a_revoked_device_gets_nothing_and_sends_nothing(world):
    tia = world.person("tia", "im:tia@native.example")
    tablet = link(tia, "tia2", "a lost tablet")
    ulf = world.person("ulf", "im:ulf@native.example")
    ulf.send("im:tia@native.example", "waits for both")
    tia.json("devices", "revoke", tablet.id)
    status, out, _ = tablet.call("--json", "inbox")
    assert "waits for both" not in out, out
    status, _, err = tablet.call("send", "im:ulf@native.example", "still here?")
    assert status == 3, (status, err)
    later = ulf.send("im:tia@native.example", "only for one")
    assert tia.message(message_id=later["message_id"])["text"] == "only for one"
    assert "only for one" not in tablet.call("--json", "inbox")[1]
    assert [d["name"] for d in tia.json("devices")] == ["tia's device"]


def test_an_account_is_not_left_without_its_key(world):
    una = world.person("una", "im:una@native.example")
    own = una.json("devices")[0]["device"]
    status, _, err = una.call("devices", "revoke", own)
    assert status == 2 and "cannot revoke itself" in err, err


# ---- keys that change --------------------------------------------------------------------------

def test_new_devices_of_others_are_named(world):
    vic = world.person("vic", "im:vic@native.example")
    wim = world.person("wim", "im:wim@native.example")
    wim.send("im:vic@native.example", "one device")
    link(vic, "vic2", "vic's tablet")
    status, _, err = wim.call("send", "im:vic@native.example", "two devices")
    assert status == 0 and "has a new device: vic's tablet" in err, err
    status, _, err = wim.call("send", "im:vic@native.example", "as before")
    assert status == 0 and "new device" not in err, err


def test_a_stale_device_set_is_sealed_for_again(world):
    xia = world.person("xia", "im:xia@native.example")
    liar = Liar(world)
    yan = liar.person(world, "yan", "im:yan@native.example")
    yan.send("im:xia@native.example", "before")
    old = {}

    def remember(method, path, status, body):
        if status == 200 and "/directory/" in path and "xia" in path:
            old.setdefault((method, path.endswith("/claim")), body)
        return status, body
    liar.twist = remember
    yan.send("im:xia@native.example", "and once more")
    liar.twist = lambda method, path, status, body: (status, body)
    tablet = link(xia, "xia2", "xia's tablet")

    served = []

    def stale_once(method, path, status, body):
        key = (method, path.endswith("/claim"))
        if "/directory/" in path and "xia" in path and key in old and key not in served:
            served.append(key)
            return 200, old[key]
        return status, body
    liar.twist = stale_once
    status, out, err = yan.call("send", "im:xia@native.example", "sealed twice")
    assert status == 0 and "sealing again" in err, (status, out, err)
    assert "has a new device: xia's tablet" in err, err
    assert len(served) == 2
    assert tablet.message(text="sealed twice")["verified"]


def test_a_manifest_that_was_rolled_back_is_refused(world):
    """A gateway brings back the manifest with the device that was revoked."""
    zoe = world.person("zoe", "im:zoe@native.example")
    lost = link(zoe, "zoe2", "lost")
    liar = Liar(world)
    abe = liar.person(world, "abe", "im:abe@native.example")
    old = {}

    def remember(method, path, status, body):
        if status == 200 and "/directory/" in path and "zoe" in path:
            old.setdefault((method, path.endswith("/claim")), body)
        return status, body
    liar.twist = remember
    abe.send("im:zoe@native.example", "to both devices")
    zoe.json("devices", "revoke", lost.id)
    liar.twist = lambda method, path, status, body: (status, body)
    abe.send("im:zoe@native.example", "to the one that is left")
    liar.twist = lambda method, path, status, body: \
        (200, old[(method, path.endswith("/claim"))]) \
        if "/directory/" in path and "zoe" in path else (status, body)
    status, _, err = abe.call("send", "im:zoe@native.example", "for nobody else")
    assert status == 6 and "REQ-DEV-10" in err, (status, err)


def test_a_forged_change_of_the_account_is_shown_as_that(world):
    ben = world.person("ben", "im:ben@native.example")
    liar = Liar(world)
    tablet = link(ben, "ben2", gateway=liar.url)
    link(ben, "ben3")

    def forge(method, path, status, body):
        if path.startswith("/v1/inbox?") and status == 200:
            answer = json.loads(body)
            for item in answer["items"]:
                if item["kind"] == "manifest":
                    item["data"] = flipped(item["data"])
            return status, json.dumps(answer).encode()
        return status, body
    liar.twist = forge
    status, out, _ = tablet.call("--json", "inbox")
    shown = [json.loads(line) for line in out.splitlines()]
    assert status == 6 and [i["verified"] for i in shown if i["kind"] == "account"] == [False]
    assert len(tablet.json("devices")) == 2


# ---- codes -------------------------------------------------------------------------------------

def test_three_wrong_codes_refuse_the_request(world):
    gil = world.person("gil", "im:gil@native.example")
    asking = Linking(fresh(world, "gil2"), "im:gil@native.example", "whose?")
    for left in ("2 more", "1 more", "refused"):
        status, _, err = gil.call("devices", "approve", wrong(asking.code))
        assert status == 6 and "REQ-DEV-5" in err and left in err, (left, err)
    assert "REQ-DEV-4" in asking.wait(status=6)
    status, _, err = gil.call("devices", "approve", asking.code)
    assert status == 1 and "no device asks" in err, err
    assert len(gil.json("devices")) == 1


def test_a_right_code_after_a_wrong_one(world):
    hal = world.person("hal", "im:hal@native.example")
    asking = Linking(fresh(world, "hal2"), "im:hal@native.example", "hal's tablet")
    assert hal.call("devices", "approve", wrong(asking.code))[0] == 6
    hal.json("devices", "approve", asking.code)
    asking.wait()
    assert len(hal.json("devices")) == 2


def test_of_two_that_ask_only_the_one_with_the_code_joins(world):
    ida = world.person("ida", "im:ida@native.example")
    ghost = Linking(fresh(world, "ghost"), "im:ida@native.example", "a ghost")
    tablet = Linking(fresh(world, "ida2"), "im:ida@native.example", "ida's tablet")
    approved = ida.json("devices", "approve", tablet.code)[0]
    assert approved["approved"] == tablet.shown["device"]
    tablet.wait()
    assert [d["name"] for d in ida.json("devices")] == ["ida's device", "ida's tablet"]
    assert ida.call("devices", "refuse", ghost.shown["device"][:8])[0] == 0
    assert "refused" in ghost.wait(status=3)


def test_an_expired_request_is_not_approved(world):
    jan = world.person("jan", "im:jan@native.example")
    asking = Linking(fresh(world, "jan2"), "im:jan@native.example", "jan's tablet")
    asking.cancel()
    path = "/v1/accounts/im:jan@native.example/devices"
    assert jan.ask("DELETE", f"{path}?device={asking.shown['device']}")[0] == 204
    status, _, err = jan.call("devices", "approve", asking.code)
    assert status == 1 and "no device asks" in err, err
    assert len(jan.json("devices")) == 1


# ---- a gateway that lies -----------------------------------------------------------------------

def swapped(member, value):
    """A gateway that puts its own value into what devices ask with."""
    def twist(method, path, status, body):
        if path.endswith("/devices") and method == "GET" and status == 200:
            answer = json.loads(body)
            for request in answer["requests"]:
                request[member] = value(request[member])
            return status, json.dumps(answer).encode()
        return status, body
    return twist


def through(world, liar, name, handle):
    return liar.person(world, name, handle)


def test_a_gateway_that_swaps_what_the_new_device_asks_with_is_caught(world):
    liar = Liar(world)
    kim = liar.person(world, "kim", "im:kim@native.example")
    kim.handle = "im:kim@native.example"
    asking = Linking(fresh(world, "kim2"), kim.handle, "kim's tablet")
    liar.twist = swapped("name", lambda name: "kim's old phone")
    status, _, err = kim.call("devices", "approve", asking.code)
    assert status == 6 and "swapped" in err, err
    assert len(kim.json("devices")) == 1
    liar.twist = lambda method, path, status, body: (status, body)
    kim.json("devices", "approve", asking.code)
    asking.wait()


def test_a_gateway_that_puts_its_own_device_in_between_is_caught(world):
    """It answers the new device itself, and asks the account with keys of its own."""
    liar = Liar(world)
    lea = liar.person(world, "lea", "im:lea@native.example")
    lea.handle = "im:lea@native.example"
    asking = Linking(fresh(world, "lea2"), lea.handle, "lea's tablet")
    ghost = Linking(fresh(world, "lea ghost"), lea.handle, "lea's tablet")

    def only_the_ghost(method, path, status, body):
        if path.endswith("/devices") and method == "GET" and status == 200:
            answer = json.loads(body)
            answer["requests"] = [r for r in answer["requests"]
                                  if r["device"] == ghost.shown["device"]]
            return status, json.dumps(answer).encode()
        return status, body
    liar.twist = only_the_ghost
    status, _, err = lea.call("devices", "approve", asking.code)
    assert status == 6 and "nothing is signed" in err, err
    assert len(lea.json("devices")) == 1
    asking.cancel()
    ghost.cancel()


def test_a_new_device_takes_no_other_account(world):
    """The gateway says that the handle belongs to somebody else's key."""
    mia = world.person("mia", "im:mia@native.example")
    mallory = world.person("mallory", "im:mallory@native.example")
    key = mallory.json("lookup", "im:mallory@native.example")[0]["account_key"]
    liar = Liar(world)

    def other_account(method, path, status, body):
        if path.endswith("/devices") and method == "POST" and status == 201:
            answer = json.loads(body)
            answer["account_key"] = urlsafe_b64encode(bytes.fromhex(key)).decode().rstrip("=")
            return status, json.dumps(answer).encode()
        return status, body
    liar.twist = other_account
    asking = Linking(fresh(world, "mia2"), "im:mia@native.example", "mia's tablet", liar.url)
    status, _, err = mia.call("devices", "approve", asking.code)
    assert status == 6 and "nothing is signed" in err, err
    asking.cancel()
    assert len(mia.json("devices")) == 1


if __name__ == "__main__":
    cases.main(globals())
