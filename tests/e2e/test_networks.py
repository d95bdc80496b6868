#!/usr/bin/env python3
"""A network that is bridged while the gateway runs, through an operator's command line: it is sent to
and may send at once, rests while it is suspended, and goes; and what it means to ask too much."""
import signal
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import cases
from harness import World, http_json, until

BOB = "sip:bob@rcs.example"
SETTINGS = {"queue": {"retry_first_ms": 100, "retry_max_ms": 400, "peer_timeout_ms": 1000}}
LIMITED = {"limits": {"per_loopback_per_minute": 60, "burst_s": 5}}
KEY = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8032 section 7.1, test 1


class Stage:
    """A gateway that knows no other network, and an RCS network that nobody has told it of."""

    def __init__(self, world):
        self.world = world
        world.start_rcs()
        self.key = world.run([world.build / "peers/rcs", "--state", world.folder / "rcs.seed",
                              "--print-key"]).strip()
        self.alice = world.person("alice", "im:alice@native.example")

    def add(self):
        self.world.operate("peer", "add", "rcs", self.world.rcs, "--domains", "rcs.example",
                           "--numbers", "+447700")
        self.world.operate("peer", "key", "add", "rcs", self.key)

    def peer(self, name="rcs"):
        return next((p for p in self.world.operate("peer", "list") if p["name"] == name), None)

    def bob_has(self, text):
        return any(m["text"] == text for m in self.world.rcs_messages(BOB))

    def refused(self, problem, *args):
        [line] = self.world.operate("peer", *args, expect=3)
        assert line["problem"]["type"] == f"urn:teal:problem:{problem}", line
        return line["problem"]


def test_unknown_until_it_is_added(s):
    status, out, err = s.alice.call("--json", "send", BOB, "-", text="too early")
    assert status == 3 and "recipient-unroutable" in out, (status, out, err)
    s.add()
    s.alice.send(BOB, "as soon as you are there")
    until("bob to have it", 20, lambda: s.bob_has("as soon as you are there"))
    s.world.rcs_send(BOB, s.alice.handle, "so am I")
    assert s.alice.wait_for("bob's answer", text="so am I")["verified"]


def test_what_is_anothers_is_refused(s):
    url = "http://127.0.0.1:1"
    problem = s.refused("network-overlap", "add", "evil", url, "--domains", "x.example,rcs.example")
    assert problem["element"] == "rcs.example" and problem["network"] == "rcs", problem
    problem = s.refused("network-overlap", "add", "evil", url, "--numbers", "+1415555")
    assert problem["network"] == "native", problem
    s.refused("network-malformed", "add", "sms", url, "--domains", "x.example")
    s.world.operate("peer", "add", "evil", url, "--domains", "evil.example")
    assert s.refused("key-taken", "key", "add", "evil", s.key)["network"] == "rcs"
    s.refused("network-unknown", "suspend", "nobody")


def test_keys_overlap(s):
    s.world.operate("peer", "key", "add", "rcs", KEY)
    assert {k["key"] for k in s.peer()["keys"]} == {s.key, KEY}
    s.world.operate("peer", "key", "retire", "rcs", KEY, "--in", "3600")
    [until_ms] = [k["until_ms"] for k in s.peer()["keys"] if k["key"] == KEY]
    assert 3500 < until_ms / 1000 - time.time() <= 3601, until_ms
    s.world.operate("peer", "key", "retire", "rcs", KEY)
    [until_ms] = [k["until_ms"] for k in s.peer()["keys"] if k["key"] == KEY]
    assert until_ms / 1000 <= time.time() + 1, until_ms
    s.world.rcs_send(BOB, s.alice.handle, "by the other key")
    s.alice.wait_for("it", text="by the other key")


def test_a_retired_key_is_nobodys(s):
    s.world.operate("peer", "key", "retire", "rcs", s.key)
    answer = s.world.rcs_send(BOB, s.alice.handle, "by a key that is over")
    assert answer["status"] // 100 != 2, answer  # nor may it ask for keys to seal to
    s.alice.inbox()
    assert not [i for i in s.alice.seen if i.get("text") == "by a key that is over"]
    s.world.operate("peer", "key", "add", "rcs", s.key)
    s.world.rcs_send(BOB, s.alice.handle, "by a key that is back")
    s.alice.wait_for("it", text="by a key that is back")


def waiting(s, text):
    """A message for bob that his network has not taken yet."""
    s.world.rcs_behave("unavailable")
    sent = s.alice.send(BOB, text, "--no-receipts")
    s.world.operate("peer", "suspend", "rcs")
    s.world.rcs_behave("normal")
    return sent


def test_suspended(s):
    waiting(s, "while it rests")
    assert s.peer()["suspended"]
    s.world.rcs_send(BOB, s.alice.handle, "heard by nobody")
    s.alice.inbox()
    assert not [i for i in s.alice.seen if i.get("text") == "heard by nobody"]
    status, out, _ = s.alice.call("--json", "send", BOB, "-", text="no keys to be had")
    assert status == 3 and "peer-unreachable" in out, out
    s.world.stop("teald")
    s.world.start_gateway()
    assert s.peer()["suspended"], "a restart lets nobody in"
    assert not s.bob_has("while it rests")
    s.world.operate("peer", "resume", "rcs")
    until("bob to have it", 20, lambda: s.bob_has("while it rests"))


def test_removed(s):
    sent = waiting(s, "never to arrive")
    assert s.refused("network-busy", "remove", "rcs")["deliveries"] == 1
    s.world.operate("peer", "remove", "rcs", "--force")
    assert s.peer() is None
    receipt = s.alice.wait_for("a receipt", message_id=sent["message_id"], status="UNDELIVERABLE")
    assert receipt["reason"] == "network-removed" and receipt["verified"], receipt
    status, out, _ = s.alice.call("--json", "send", BOB, "-", text="gone")
    assert status == 3 and "recipient-unroutable" in out, out
    s.add()
    s.alice.send(BOB, "back again")
    until("bob to have it", 20, lambda: s.bob_has("back again"))


def test_lost_operator_key(s):
    """Taken off the list, it is nobody's at once; a list with a mistake takes nobody's place."""
    path, log = s.world.folder / "state/operators", s.world.folder / "teald.log"
    listed = path.read_text()

    def reload(text, word):
        before = log.read_text().count(word)
        path.write_text(text)
        s.world.processes["teald"].send_signal(signal.SIGHUP)
        until(word, 20, lambda: log.read_text().count(word) > before)
        return http_json("GET", f"{s.world.gateway}/v1/peers", signer=s.world.operator())[0]

    assert reload("nonsense\n", "operators.not_reloaded") == 200
    assert reload("# nobody\n", "operators.reloaded") == 403
    assert reload(listed, "operators.reloaded") == 200


def ask(url):
    """(status, headers) of one request."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def test_limits(s):
    """A gateway of its own, where this machine may ask five times at once, then once a second."""
    with tempfile.TemporaryDirectory() as folder:
        with World(Path(folder) / "w", s.world.build, settings=LIMITED, peers=False) as world:
            url = f"{world.gateway}/v1/gateway"
            answers = [ask(url) for _ in range(10)]
            [refused] = [h for status, h in answers if status == 429][:1]
            assert refused["RateLimit-Policy"] == '"loopback";q=5;w=5', refused
            assert refused["RateLimit"].startswith('"loopback";r=0;t='), refused
            assert refused["Retry-After"] == "1", refused
            status, problem = until("a refusal", 5, lambda: next(
                (a for a in [http_json("GET", url)] if a[0] == 429), None))
            assert status == 429 and problem["type"] == "urn:teal:problem:rate-limited", problem
            assert problem["requirement"] == "REQ-LIM-1", problem
            until("a token", 5, lambda: ask(url)[0] == 200)


if __name__ == "__main__":
    cases.main(globals(), Stage, settings=SETTINGS, peers=False)
