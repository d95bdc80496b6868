#!/usr/bin/env python3
"""Accounts prove their numbers by a code that comes by SMS, and what comes to those who guess, ask
too often, or use another one's code."""
import re

import cases
from harness import Person, http_json
from native import Account
from signing import Signer

NUMBER = "+14155550140"


def code_for(world, number=NUMBER):
    """Of the last SMS that came to the phone."""
    text = world.phone(number)[-1]["text"]
    return re.match(r"([0-9]{6}) is your Teal code", text).group(1), text


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def asks(world, person, number, *more):
    """(status, what was said) of adding the number."""
    status, out, err = person.call("handles", "add", *more, f"tel:{number}")
    return status, out + err


def problem(world, handle, body):
    return http_json("POST", f"{world.gateway}/v1/accounts/{handle}/proof", body,
                     signer=Signer.account(Account(handle)))


# ---- as it should be ---------------------------------------------------------------------------

def test_a_number_is_added_with_the_code(world):
    ann = world.person("ann", "im:ann@native.example")
    status, said = asks(world, ann, NUMBER)
    assert status == 3 and "--code" in said, said
    code, text = code_for(world)
    key = ann.json("lookup", "im:ann@native.example")[0]["account_key"]
    assert key[:8] in text, text
    status, said = asks(world, ann, NUMBER, f"--code={code}")
    assert status == 0, said
    assert [h["handle"] for h in ann.json("handles")] == ["im:ann@native.example", f"tel:{NUMBER}"]
    bob = world.person("bob", "im:bob@native.example")
    sent = bob.send(f"tel:{NUMBER}", "to the number")
    assert ann.message(message_id=sent["message_id"])["verified"]


def test_a_manifest_without_a_proof_is_refused(world):
    cal = Person(world, "cal").init()
    cal.json("register", "im:cal@native.example")
    status, said = asks(world, cal, "+14155550141", "--code=000000")
    assert status == 3 and "proof-code-none" not in said and "no code is waited for" in said, said
    assert [h["handle"] for h in cal.json("handles")] == ["im:cal@native.example"]


def test_an_account_can_begin_with_a_number(world):
    dan = Person(world, "dan").init()
    assert dan.call("register", "tel:+14155550142")[0] == 3
    code, _ = code_for(world, "+14155550142")
    assert dan.json("register", f"--code={code}", "tel:+14155550142")[0]["version"] == 1


def test_a_handle_that_was_removed_has_to_be_proven_again(world):
    eve = world.person("eve", "im:eve@native.example")
    asks(world, eve, "+14155550143")
    assert asks(world, eve, "+14155550143", f"--code={code_for(world, '+14155550143')[0]}")[0] == 0
    assert eve.call("handles", "remove", "tel:+14155550143")[0] == 0
    status, said = asks(world, eve, "+14155550143")
    assert status == 3 and "--code" in said, said


# ---- who guesses -------------------------------------------------------------------------------

def test_three_tries(world):
    fay = world.person("fay", "im:fay@native.example")
    asks(world, fay, "+14155550144")
    code, _ = code_for(world, "+14155550144")
    for _ in range(3):
        status, said = asks(world, fay, "+14155550144", f"--code={wrong(code)}")
        assert status == 3 and "not the code" in said, said
    status, said = asks(world, fay, "+14155550144", f"--code={code}")
    assert status == 3 and "no code is waited for" in said, said


def test_another_account_cannot_use_the_code(world):
    gil = world.person("gil", "im:gil@native.example")
    mallory = world.person("mallory", "im:mallory@native.example")
    asks(world, gil, "+14155550145")
    code, _ = code_for(world, "+14155550145")
    status, said = asks(world, mallory, "+14155550145", f"--code={code}")
    assert status == 3 and "no code is waited for" in said, said
    assert asks(world, gil, "+14155550145", f"--code={code}")[0] == 0


def test_three_codes_a_day(world):
    hal = world.person("hal", "im:hal@native.example")
    other = world.person("other", "im:other@native.example")
    for person in (hal, other, hal):
        assert "--code" in asks(world, person, "+14155550146")[1]
    for person in (hal, other):
        status, said = asks(world, person, "+14155550146")
        assert status == 3 and "too many codes" in said, said
    assert len(world.phone("+14155550146")) == 3


def test_only_own_numbers_get_codes(world):
    ida = world.person("ida", "im:ida@native.example")
    status, said = asks(world, ida, "+4915112345678")
    assert status == 3 and "REQ-PRF-1" in said, said
    assert not world.phone("+4915112345678")


def test_a_centre_that_refuses_sends_no_code(world):
    jan = world.person("jan", "im:jan@native.example")
    world.smsc_behave(submit="refuse", times=1)
    status, said = asks(world, jan, "+14155550147")
    assert status == 3 and "REQ-PRF-2" in said, said


def test_what_is_no_question_is_refused(world):
    for body in ({}, {"account_key": "short"}, {"account_key": 1},
                 {"account_key": "A" * 43, "code": "1" * 40}, {"account_key": "A" * 43, "code": 1}):
        status, answer = problem(world, "tel:%2B14155550148", body)
        assert status == 400, (body, status, answer)


if __name__ == "__main__":
    cases.main(globals(), settings={"native": {"prove_numbers": "yes"}})
