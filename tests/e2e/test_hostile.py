#!/usr/bin/env python3
"""Requests that no client would make: octets in place of a request, fields without end, bodies of
every wrong shape, signatures that are nearly right. Each is answered with a refusal or with the
end of the connection, never with the 5xx of a handler that stumbled, and the gateway goes on to
serve. What they leave behind in it is for the sanitizers to say."""
import os
import random
import socket

import cases
from harness import until
from native import Account
from signing import Signer

SEED = int(os.environ.get("TEAL_SEED", "1"))
HANDLE = "im:alice@native.example"
MANIFEST = "application/vnd.teal.manifest"
JSON = "application/json"
ID = "00" * 16

# Every resource, with what it would take.
RESOURCES = [
    ("POST", "/v1/messages", "application/vnd.teal.envelope"),
    ("POST", "/v1/messages", "message/cpim"),
    ("GET", f"/v1/messages/x?device={ID}", None),
    ("GET", f"/v1/inbox?device={ID}", None),
    ("POST", "/v1/inbox/ack", JSON),
    ("PUT", f"/v1/accounts/{HANDLE}", MANIFEST),
    ("GET", f"/v1/accounts/{HANDLE}", None),
    ("GET", f"/v1/accounts/{HANDLE}/manifests", None),
    ("PUT", f"/v1/accounts/{HANDLE}/prekeys", "application/vnd.teal.prekeys"),
    ("GET", f"/v1/accounts/{HANDLE}/prekeys?device={ID}", None),
    ("POST", f"/v1/accounts/{HANDLE}/devices", JSON),
    ("GET", f"/v1/accounts/{HANDLE}/devices", None),
    ("DELETE", f"/v1/accounts/{HANDLE}/devices?device={ID}", None),
    ("PUT", f"/v1/accounts/{HANDLE}/devices/answer?device={ID}", JSON),
    ("POST", f"/v1/accounts/{HANDLE}/devices/answer?device={ID}", JSON),
    ("GET", f"/v1/accounts/{HANDLE}/devices/answer?device={ID}", None),
    ("GET", f"/v1/accounts/{HANDLE}/forwarding", None),
    ("PUT", f"/v1/accounts/{HANDLE}/forwarding", "application/vnd.teal.forwarding-grant"),
    ("POST", f"/v1/accounts/{HANDLE}/forwarding", JSON),
    ("POST", "/v1/accounts/tel:+14155550100/proof", JSON),
    ("GET", f"/v1/directory/{HANDLE}", None),
    ("POST", f"/v1/directory/{HANDLE}/claim", JSON),
    ("POST", "/v1/translate", "message/cpim"),
    ("GET", "/v1/gateway", None),
    ("GET", "/v1/gateway?version=1", None),
    ("GET", "/v1/log/keys/head", None),
    ("GET", "/v1/log/keys/entries?from=0&max=10", None),
    ("GET", "/v1/log/keys/inclusion?index=0&size=1", None),
    ("GET", "/v1/log/keys/consistency?from=0&to=1", None),
    ("GET", "/v1/peers", None),
    ("PUT", "/v1/peers/other", JSON),
    ("DELETE", "/v1/peers/other?force=1", None),
    ("PUT", "/v1/peers/rcs/keys", JSON),
    ("DELETE", "/v1/peers/rcs/keys?key=A", None),
    ("GET", f"/v1/operator/disclosure/{HANDLE}", None),
    ("DELETE", f"/v1/operator/pins/{HANDLE}", None),
]

ODD_PATHS = ["/", "//", "/v1", "/v1/accounts/", "/v1/accounts/%", "/v1/accounts/%00",
             "/v1/accounts/%2F", "/v1/accounts/%2e%2e/devices", "/v1/directory/" + "a" * 5000,
             "/v1/directory/tel:+", "/v1/directory/im:%C3%28@native.example", "/v1/log/../peers",
             "/v1/log/" + "k" * 300 + "/head", "/v1/inbox?device", "/v1/inbox?device=%00",
             "/v1/inbox?device=" + "f" * 10000, "/v1/log/keys/entries?from=99999999999999999999",
             "/v1/log/keys/entries?from=-1",
             "/v1/log/keys/inclusion?index=9223372036854775807&size=9223372036854775807",
             "/v1/gateway?version=0", "/v1/gateway?version=2147483648", "/v1/peers/%20",
             "/v1/peers/" + "a" * 400, "http://127.0.0.1/v1/gateway", "*", "?", "/v1/gateway#x",
             "/v1/gateway?a=%zz"]

ODD_BODIES = [b"", b"\0", b"{", b"[]", b"null", b"{}", b'{"device":1}',
              b'{"device":null,"seqs":{}}',
              b'{"device":"' + b"f" * 32 + b'","seqs":[9223372036854775807,-1,0.5,"x"]}',
              b'{"a":1,"a":2}', b"[" * 60000, b'{"x":' * 3000,
              b'{"url":"\\u0000","domains":["a\\u0000b"]}',
              b'{"url":"http://x","domains":["' + b"a," * 200 + b'"],"numbers":[1]}',
              b'{"key":"AAAA","from_ms":-1,"until_ms":1e400}',
              b'{"share":"=","tag":"' + b"A" * 86 + b'"}',
              b'{"account_key":"' + b"A" * 43 + b'","code":"' + b"9" * 40 + b'"}',
              b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x0a\xff\xff\xff\xff\x0f",
              b"\xff" * 300, b"From: <\r\n\r\n\r\n", b"From: <im:a@b>\r\n" * 500]

FIELDS = [b"Signature-Input: \r\nSignature: \r\n",
          b'Signature-Input: teal=();tag="teal"\r\nSignature: teal=::\r\n',
          b"Signature-Input: teal=" + b"(" * 2000 + b"\r\n",
          b"Signature-Input: " + b"a=1," * 2000 + b"b=1\r\n",
          b'Signature-Input: teal=("@method" "@method");tag="teal"\r\n'
          b"Signature: teal=:" + b"A" * 88 + b":\r\n",
          b'Signature-Input: teal=("@status";req);created=999999999999999;tag="teal"\r\n',
          b'Signature-Input: teal=("\\\\\\"");tag="teal";nonce="\\\r\n',
          b"Content-Digest: sha-256=:::\r\n", b"Content-Length: -1\r\n",
          b"Content-Length: 18446744073709551616\r\n", b"Transfer-Encoding: chunked\r\n",
          b"Host: a\r\nHost: b\r\n", b"X: " + b"x" * 40000 + b"\r\n", b"X: y\r\n" * 4000,
          b"Rcs-From: \x80\xff\r\n", b"Expect: 100-continue\r\nContent-Length: 10\r\n", b": \r\n",
          b"\0: a\r\n", b"Content-Type: \xff/\r\n"]


class Stage:
    """Somebody of each role."""

    def __init__(self, world):
        self.world = world
        self.random = random.Random(SEED)
        alice = Account(HANDLE)
        self.signers = [None, Signer.device(alice.device), Signer.account(alice),
                        Signer.by_key(Account(HANDLE).key),
                        Signer.operator(world.folder / "state" / "operator.key")]
        body = alice.manifest()[0]
        assert self.ask("PUT", f"/v1/accounts/{HANDLE}", MANIFEST, body, self.signers[2])[0] == 201

    def raw(self, octets):
        """The status, and the header; None: the connection ended without one."""
        with socket.create_connection(("127.0.0.1", self.world.gateway_port), timeout=20) as s:
            try:
                s.sendall(octets)
                head = s.recv(65536)
                while head and b"\r\n\r\n" not in head:
                    head += (more := s.recv(65536))
                    if not more:
                        break
            except ConnectionError:  # it was quicker to end it
                return None, b""
                return None, b""
            return (int(head.split()[1]), head) if head.startswith(b"HTTP/1.1 ") else (None, head)

    def throw(self, octets):
        """And does not wait for what comes of it."""
        with socket.create_connection(("127.0.0.1", self.world.gateway_port), timeout=20) as s:
            try:
                s.sendall(octets)
            except ConnectionError:
                pass

    def request(self, method, path, content_type, body, signer, twist=lambda fields: fields):
        fields = {"Content-Type": content_type} if content_type else {}
        if signer:
            fields = signer.fields(method, self.world.gateway + path, body, fields)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.world.gateway_port}",
                 "Connection: close", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in twist(fields).items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def ask(self, *what, **how):
        return self.raw(self.request(*what, **how))

    def well(self):
        assert self.raw(self.request("GET", "/healthz", None, b"", None))[0] == 200


def is_refusal(status):
    # 503: a network, or the room, that has nothing to say just now.
    return status is None or status in (505, 503, 501) or 100 <= status < 500


def test_no_requests(s):
    shapes = [b"\r\n" * 1000, b"\0" * 100, b"GET", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
              b"\x16\x03\x01\x02\x00\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"G" * 70000,
              b"GET " + b"/" * 70000 + b" HTTP/1.1\r\n\r\n",
              b"POST /v1/translate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"ffffffffffffffff\r\n",
              b"POST /v1/translate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort"]
    shapes += [s.random.randbytes(s.random.randrange(1, 400)) for _ in range(100)]
    for octets in shapes:
        s.throw(octets)
    s.well()


def test_odd_paths(s):
    for path in ODD_PATHS:
        for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "x"):
            for signer in s.signers:
                status, _ = s.raw(s.request(method, path, None, b"", signer))
                assert is_refusal(status), (method, path[:80], status)
    s.well()


def test_arguments_without_end(s):
    """libmicrohttpd gives up without an answer, and without a word to the gateway."""
    for _ in range(20):
        s.throw(s.request("GET", "/v1/inbox?" + "a&" * 3000, None, b"", None))
    s.well()


def test_odd_fields(s):
    for fields in FIELDS:
        for method, path, _ in RESOURCES[:6]:
            host = b"" if b"Host" in fields else b"Host: x\r\n"
            s.throw(f"{method} {path} HTTP/1.1\r\n".encode() + host + fields + b"\r\n")
    s.well()


def test_odd_bodies(s):
    for method, path, content_type in RESOURCES:
        for body in ODD_BODIES if content_type else [b"", b"x"]:
            for signer in s.signers:
                status, head = s.ask(method, path, content_type, body, signer)
                assert is_refusal(status), (method, path, body[:80], head)
    s.well()


def test_signatures_that_are_nearly_right(s):
    """One octet of one field is another one, or one is missing: never more than nobody may."""
    method, path, content_type = "GET", "/v1/peers", None
    operator = s.signers[-1]
    assert s.ask(method, path, content_type, b"", operator)[0] == 200

    def twist(fields):
        name = s.random.choice(["Signature-Input", "Signature"])
        value, at = fields[name], s.random.randrange(len(fields[name]))
        other = s.random.choice(["", chr(s.random.randrange(33, 127)), "\xe4"])
        if other == value[at]:
            other = ""
        return {**fields, name: value[:at] + other + value[at + 1:]}

    for _ in range(1500):
        status, head = s.ask(method, path, content_type, b"", operator, twist=twist)
        assert status in (400, 401, 403), head
    s.well()


def test_goes_on(s):
    until("the gateway to answer", 10, s.world.ready)
    status, head = s.ask("GET", f"/v1/directory/{HANDLE}", None, b"", s.signers[1])
    assert status == 200, head


if __name__ == "__main__":
    cases.main(globals(), Stage)
