#!/usr/bin/env python3
"""Requests as an attacker would make them of what others have signed: played again, put together
anew, for somebody else's resource, by a network for another network's people. The signatures are
made by signing.py, which shares no code with the gateway."""
import base64
import hashlib
import json
import os
import subprocess
import time
from http.client import HTTPConnection

import cases
from harness import http, until
from native import Account, Device, Envelope, SigningKey, read, wrapped_key
from signing import Signer

MANIFEST, PREKEYS = "application/vnd.teal.manifest", "application/vnd.teal.prekeys"
ENVELOPE = "application/vnd.teal.envelope"
BOB = "sip:bob@rcs.example"


class Stage:
    """Alice and Mallory, each with an account and a device here."""

    def __init__(self, world):
        self.world = world
        self.alice = self.register(Account("im:alice@native.example"))
        self.mallory = self.register(Account("im:mallory@native.example"))
        self.by_alice = Signer.device(self.alice.device)
        self.by_mallory = Signer.device(self.mallory.device)
        self.inbox = f"/v1/inbox?device={self.alice.device.id.hex()}"

    def register(self, account):
        answer = self.ask("PUT", f"/v1/accounts/{account.handle}", account.manifest()[0], MANIFEST,
                          Signer.account(account))
        assert answer[0] == 201, answer
        return account

    def ask(self, method, path, body=None, content_type=None, signer=None):
        status, _, answer = http(method, self.world.gateway + path, body, content_type,
                                 signer=signer)
        return status, answer

    def send(self, method, path, fields, body=None):
        """Exactly these fields. (status, name of the problem, Accept-Signature)"""
        connection = HTTPConnection("127.0.0.1", self.world.gateway_port, timeout=20)
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            text = answer.read()
            problem = json.loads(text)["type"].rsplit(":", 1)[1] if answer.status >= 400 else None
            return answer.status, problem, answer.headers["Accept-Signature"]
        finally:
            connection.close()

    def signed(self, signer, method, path, body=b"", content_type=None, **how):
        fields = {"Content-Type": content_type} if content_type else {}
        return signer.fields(method, self.world.gateway + path, body, fields, **how)

    def refused(self, name, answer, status, problem):
        assert answer[:2] == (status, problem), (name, answer)
        assert 'tag="teal"' in answer[2] and '"@authority"' in answer[2], (name, answer)


def test_takes_what_is_right(s):
    assert s.send("GET", s.inbox, s.signed(s.by_alice, "GET", s.inbox))[0] == 200
    body = json.dumps({"device": s.alice.device.id.hex(), "seqs": []}).encode()
    fields = s.signed(s.by_alice, "POST", "/v1/inbox/ack", body, "application/json")
    assert s.send("POST", "/v1/inbox/ack", fields, body)[0] == 204
    for how in ({"label": "sig1"}, {"components": ["@query", "@path", "@authority", "@method"]},
                {"components": ["@method", "@authority", "@path", "@query", "host"],
                 "covered_as": {"host": f"127.0.0.1:{s.world.gateway_port}"}},
                {"more": {"alg": None}}, {"more": {"x": "?0"}},
                {"more": {"expires": int(time.time()) + 60}}):
        assert s.send("GET", s.inbox, s.signed(s.by_alice, "GET", s.inbox, **how))[0] == 200, how


def test_nothing_unsigned_is_told(s):
    hidden = [("GET", s.inbox), ("POST", "/v1/directory/im:alice@native.example/claim"),
              ("GET", "/v1/directory/im:alice@native.example"),
              ("GET", "/v1/accounts/im:alice@native.example"),
              ("GET", f"/v1/messages/x?device={s.alice.device.id.hex()}"), ("GET", "/v1/peers"),
              ("GET", "/v1/operator/disclosure/im:alice@native.example")]
    for method, path in hidden:
        s.refused(path, s.send(method, path, {}), 401, "signature-missing")
    for path in ("/v1/gateway", "/healthz", "/v1/log/keys/head"):
        assert s.send("GET", path, {})[0] == 200, path


def test_played_again(s):
    fields = s.signed(s.by_alice, "GET", s.inbox)
    assert s.send("GET", s.inbox, fields)[0] == 200
    s.refused("again", s.send("GET", s.inbox, fields), 401, "nonce-replayed")
    s.refused("under another label", s.send("GET", s.inbox, {
        name: value.replace("teal=", "other=", 1) for name, value in fields.items()}),
        401, "nonce-replayed")
    s.world.stop("teald")
    s.world.start_gateway()
    s.refused("after a restart", s.send("GET", s.inbox, fields), 401, "nonce-replayed")
    os.kill(s.world.child("edge"), 9)
    until("the edge to serve again", 20, s.world.ready)
    s.refused("after it was killed", s.send("GET", s.inbox, fields), 401, "nonce-replayed")
    assert s.send("GET", s.inbox, s.signed(s.by_alice, "GET", s.inbox))[0] == 200


def test_changed_on_the_way(s):
    body = json.dumps({"device": s.alice.device.id.hex(), "seqs": [1]}).encode()
    other = body.replace(b"[1]", b"[2]")
    kind = "application/json"

    def fresh(**how):
        return s.signed(s.by_alice, "POST", "/v1/inbox/ack", body, kind, **how)

    digest = base64.b64encode(hashlib.sha256(other).digest()).decode()
    rows = [
        ("another body", "POST", "/v1/inbox/ack", fresh(), other),
        ("its digest too", "POST", "/v1/inbox/ack",
         {**fresh(), "Content-Digest": f"sha-256=:{digest}:"}, other),
        ("no digest", "POST", "/v1/inbox/ack",
         {n: v for n, v in fresh().items() if n != "Content-Digest"}, body),
        ("another type", "POST", "/v1/inbox/ack",
         {**fresh(), "Content-Type": "application/json;x"}, body),
        ("a query put behind it", "POST", "/v1/inbox/ack?x", fresh(), body),
        ("a field put in", "POST", "/v1/inbox/ack", {**fresh(), "Rcs-From": BOB}, body),
        ("reordered components", "POST", "/v1/inbox/ack", reordered(fresh()), body),
        ("a parameter put in", "POST", "/v1/inbox/ack", altered(fresh(), ";tag=", ";x;tag="), body),
        ("a later created", "POST", "/v1/inbox/ack",
         altered(fresh(created=int(time.time()) - 100), f"created={int(time.time()) - 100}",
                 f"created={int(time.time())}"), body),
        ("another keyid", "POST", "/v1/inbox/ack",
         altered(fresh(), s.by_alice.keyid, s.by_mallory.keyid), body),
        ("half a signature", "POST", "/v1/inbox/ack",
         {**fresh(), "Signature": fresh()["Signature"][:40] + ":"}, body),
        ("two signatures", "POST", "/v1/inbox/ack", doubled(fresh(), fresh(label="b")), body),
        ("no digest covered", "POST", "/v1/inbox/ack",
         fresh(components=["@method", "@authority", "@path", "@query", "content-type"]), body),
        ("no path covered", "POST", "/v1/inbox/ack",
         fresh(components=["@method", "@authority", "@query", "content-type", "content-digest"]),
         body),
        ("nothing covered", "POST", "/v1/inbox/ack", fresh(components=[]), body),
        ("another host", "POST", "/v1/inbox/ack",
         {**fresh(), "Host": f"localhost:{s.world.gateway_port}"}, body),
    ]
    for name, method, path, fields, sent in rows:
        s.refused(name, s.send(method, path, fields, sent), 401, "signature-invalid")


def reordered(fields):
    return altered(fields, '"@method" "@authority"', '"@authority" "@method"')


def altered(fields, old, new):
    assert old in fields["Signature-Input"]
    return {**fields, "Signature-Input": fields["Signature-Input"].replace(old, new)}


def doubled(first, second):
    return {**first, **{name: f"{first[name]}, {second[name]}"
                        for name in ("Signature-Input", "Signature")}}


def test_for_another_gateway(s):
    """What Alice signed for another gateway is worth nothing here, whatever Host says."""
    fields = s.by_alice.fields("GET", "http://teal.other.example" + s.inbox)
    s.refused("as it is", s.send("GET", s.inbox, fields), 401, "signature-invalid")
    s.refused("with its Host", s.send("GET", s.inbox, {**fields, "Host": "teal.other.example"}),
              401, "signature-invalid")


def test_at_another_time(s):
    for ago in (301, 3600, -310, 10**9, 10**14):
        fields = s.signed(s.by_alice, "GET", s.inbox, created=int(time.time()) - ago)
        s.refused(ago, s.send("GET", s.inbox, fields), 401, "signature-stale")
    fields = s.signed(s.by_alice, "GET", s.inbox, more={"expires": int(time.time()) - 1})
    s.refused("expired", s.send("GET", s.inbox, fields), 401, "signature-stale")
    for nonce in ("short", "x" * 65, "", "with a blank in it"):
        fields = s.signed(s.by_alice, "GET", s.inbox, nonce=nonce)
        s.refused(nonce, s.send("GET", s.inbox, fields), 401, "signature-invalid")


def test_what_is_another_ones(s):
    device = s.alice.device
    ack = json.dumps({"device": device.id.hex(), "seqs": [1]}).encode()
    accounts = "/v1/accounts/im:alice@native.example"
    next_one = s.alice.manifest(version=2, previous=s.alice.manifest()[1])[0]
    rows = [
        ("inbox", "GET", s.inbox, b"", None),
        ("acknowledgement", "POST", "/v1/inbox/ack", ack, "application/json"),
        ("state", "GET", f"/v1/messages/x?device={device.id.hex()}", b"", None),
        ("prekeys", "PUT", f"{accounts}/prekeys", device.prekeys(7), PREKEYS),
        ("count of prekeys", "GET", f"{accounts}/prekeys?device={device.id.hex()}", b"", None),
        ("manifest", "PUT", accounts, next_one, MANIFEST),
        ("networks", "GET", "/v1/peers", b"", None),
    ]
    nobody = Signer.by_key(SigningKey())
    stranger = Signer.account(Account("im:x@native.example"))
    for name, method, path, body, kind in rows:
        for signer in (s.by_mallory, nobody, stranger, Signer.account(s.mallory)):
            fields = s.signed(signer, method, path, body, kind)
            s.refused((name, signer.keyid), s.send(method, path, fields, body or None), 403,
                      "caller-not-allowed")
        forged = Signer(s.mallory.device.key, s.by_alice.keyid)
        fields = s.signed(forged, method, path, body, kind)
        s.refused((name, "forged"), s.send(method, path, fields, body or None), 401,
                  "signature-invalid")


def test_points_that_anybody_can_sign_under(s):
    """A = R = the identity, S = 0 verifies for every message where the equation alone is checked."""
    for point in (b"\1" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f", bytes(32),
                  b"\xee" + b"\xff" * 30 + b"\x7f"):
        class Key:
            public = point

            @staticmethod
            def sign(_):
                return b"\1" + bytes(63)
        path = "/v1/accounts/im:alice@native.example"
        fields = s.signed(Signer(Key, Signer.by_key(Key).keyid.replace("key:", "account:")), "GET",
                          path)
        s.refused(point.hex(), s.send("GET", path, fields), 401, "signature-invalid")


def test_revoked_device(s):
    sam = s.register(Account("im:sam@native.example"))
    gone = sam.device
    by_gone = Signer.device(gone)
    path = f"/v1/inbox?device={gone.id.hex()}"
    assert s.send("GET", path, s.signed(by_gone, "GET", path))[0] == 200
    held = s.ask("GET", f"/v1/accounts/{sam.handle}", signer=s.by_alice)[1]
    previous = transcript_hash(sam, held)
    sam.devices = [Device("another")]
    body = sam.manifest(version=2, previous=previous)[0]
    assert s.ask("PUT", f"/v1/accounts/{sam.handle}", body, MANIFEST, Signer.account(sam))[0] == 200
    for where in (path, "/v1/directory/im:alice@native.example"):
        s.refused(where, s.send("GET", where, s.signed(by_gone, "GET", where)), 401,
                  "signature-invalid")


def transcript_hash(account, held):
    """Of the manifest that the gateway has: the one made with its time."""
    created = dict(read(held))[5]
    return account.manifest(created_at_ms=created)[1]


# ---- networks ------------------------------------------------------------------------------------


def network(s, name, domain):
    """One that an operator adds, with a key that the test holds."""
    key = SigningKey()
    operator = s.world.operator()
    body = json.dumps({"url": "http://127.0.0.1:9", "domains": [domain]}).encode()
    status, answer = s.ask("PUT", f"/v1/peers/{name}", body, "application/json", operator)
    assert status in (200, 201), answer
    body = json.dumps({"key": Signer.by_key(key).keyid.split(":")[1]}).encode()
    status, answer = s.ask("PUT", f"/v1/peers/{name}/keys", body, "application/json", operator)
    assert status in (200, 201), answer
    return Signer.by_key(key)


def test_a_network_for_another_ones_people(s):
    good, evil = network(s, "good", "good.example"), network(s, "evil", "evil.example")
    for sender in ("sip:gil@good.example", BOB, "im:alice@native.example"):
        e = Envelope(sender, s.mallory.device, [s.alice.handle],
                     keys=[wrapped_key(s.alice.device.id)]).signed().encode()
        fields = s.signed(evil, "POST", "/v1/messages", e, ENVELOPE)
        s.refused(sender, s.send("POST", "/v1/messages", fields, e), 403, "handle-foreign")
    e = Envelope("sip:gil@good.example", s.mallory.device, [s.alice.handle]).signed().encode()
    s.refused("nobody", s.send("POST", "/v1/messages", {"Content-Type": ENVELOPE}, e), 401,
              "signature-missing")
    for signer in (s.by_alice, s.world.operator(), Signer.by_key(SigningKey())):
        fields = s.signed(signer, "POST", "/v1/messages", e, ENVELOPE)
        s.refused(signer.keyid, s.send("POST", "/v1/messages", fields, e), 403, "handle-foreign")
    fields = s.signed(good, "POST", "/v1/messages", e, ENVELOPE)
    status, problem, _ = s.send("POST", "/v1/messages", fields, e)
    assert (status, problem) != (403, "handle-foreign") and status != 401, (status, problem)


# ---- what the command line signs -----------------------------------------------------------------


def test_teal_sign(s):
    eve = s.world.person("eve", "im:eve@native.example")
    device = eve.json("devices")[0]["device"]
    assert eve.ask("GET", f"/v1/inbox?device={device}")[0] == 200
    assert eve.ask("POST", "/v1/inbox/ack", {"device": device, "seqs": []})[0] == 204
    assert eve.ask("GET", s.inbox)[0] == 403
    url = f"{s.world.gateway}/v1/peers"
    lines = subprocess.run([s.world.build / "teal", "sign", *s.world.as_operator(), "GET", url],
                           capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(": ", 1) for line in lines.splitlines())
    assert s.send("GET", "/v1/peers", fields)[0] == 200
    s.refused("twice", s.send("GET", "/v1/peers", fields), 401, "nonce-replayed")
    assert eve.call("sign", "GET", "ftp://x")[0] == 2
    assert eve.call("sign", "GET", url, "/nonexistent")[0] == 2
    assert eve.call("sign", "--operator", "/nonexistent", "GET", url)[0] == 5


if __name__ == "__main__":
    cases.main(globals(), Stage)
