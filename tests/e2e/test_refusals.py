#!/usr/bin/env python3
"""Whatever a gateway is sent, it answers with the rule that was broken, and goes on. The envelopes
are made by native.py, which shares no code with the gateway and signs what no client would."""
import base64
import http.client
import json
import os
import random
import re
import urllib.parse

import cases
from harness import until
from signing import Signer
from native import (CONTROL, NO_BETTER_PATH, OR_FAILED, PLAINTEXT, RECEIPT, TRANSPORT, Account,
                    Consent, Device, Envelope, SigningKey, element, manifest_devices,
                    message, now_ms, read, sha256, varint, wrapped_key)

ENVELOPE, CPIM = "application/vnd.teal.envelope", "message/cpim"
MANIFEST, PREKEYS = "application/vnd.teal.manifest", "application/vnd.teal.prekeys"
PHONE, BOB, CAROL = "tel:+4915112345678", "sip:bob@rcs.example", "sip:carol@rcs.example"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Endpoint:
    """The gateway as anybody on the network sees it, and two people who are registered."""

    def __init__(self, world):
        self.world = world
        self.accounts, self.devices = {}, {}
        self.alice = Account("im:alice@native.example", "tel:+14155550100")
        self.noor = Account("im:noor@native.example")
        for account in (self.alice, self.noor):
            assert self.put_manifest(account).status == 201
            path = f"/v1/accounts/{account.handle}/prekeys"
            assert self.call("PUT", path, account.device.prekeys(0, 1, 2), PREKEYS).status == 200
        self.gateway = self.call("GET", "/v1/gateway").json()
        key = dict(read(unbase64(self.gateway["downgrade_key"])))[2]
        self.gateway_key = sha256(key)[:16]

    def signer(self, method, path, body):
        """Whom the resource is for (REQ-SIG-12): Alice's, where nothing says more; None: anybody."""
        if path.startswith(("/v1/gateway", "/v1/translate", "/healthz")) or \
                (method, path) == ("POST", "/v1/messages") or not isinstance(body, (bytes, type(None))):
            return None
        if method == "PUT" and not path.endswith("/prekeys"):
            key = next((key for key in self.accounts if key in (body or b"")), None)
            return Signer.account(self.accounts.get(key, self.alice))
        named = path.encode() + (body or b"")
        device = next((d for d in self.devices.values()
                       if d.id in named or d.id.hex().encode() in named), self.alice.device)
        return Signer.device(device)

    def call(self, method, path, body=None, content_type=None, signer=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.world.gateway_port, timeout=20)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type:
            headers["Content-Type"] = content_type
        signer = signer or self.signer(method, path, body)
        if signer:
            headers = signer.fields(method, self.world.gateway + path, body or b"", headers)
        try:
            try:
                connection.request(method, path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was answered before it was whole
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def post(self, body, content_type=ENVELOPE, **headers):
        return self.call("POST", "/v1/messages", body, content_type, **headers)

    def put_manifest(self, account, path=None, **how):
        path = path or f"/v1/accounts/{account.handle}"
        self.accounts[account.key.public] = account
        self.devices.update({d.id: d for d in account.devices})
        return self.call("PUT", path, account.manifest(**how)[0], MANIFEST)

    def envelope(self, *recipients, **members):
        """Alice's, signed; to Noor where nobody is named."""
        recipients = list(recipients) or [self.noor.handle]
        keys = [wrapped_key(d.id) for d in self.noor.devices] \
            if self.noor.handle in recipients else []
        members = {"keys": keys, **members}
        return Envelope(self.alice.handle, self.alice.device, recipients, **members).signed()

    def consent(self, **members):
        return Consent(self.gateway_key, **members)

    def inbox(self, account):
        path = f"/v1/inbox?device={account.device.id.hex()}"
        return self.call("GET", path).json()["items"]


def refused(name, answer, status, problem, requirement):
    """Checks the problem document (RFC 9457, REQ-REST-1), and returns it."""
    assert answer.status == status, (name, answer.status, answer.body)
    assert answer.headers.get_content_type() == "application/problem+json", name
    document = answer.json()
    assert document["type"] == f"urn:teal:problem:{problem}", (name, document)
    assert document["status"] == status, (name, document)
    assert document["title"], (name, document)
    assert re.fullmatch(r"REQ-[A-Z0-9]+-\d+", document["requirement"]), (name, document)
    assert document["detail"].startswith(document["requirement"] + " "), (name, document)
    assert document["remedy"].endswith("."), (name, document)
    if requirement:
        assert document["requirement"] == requirement, (name, document)
    if status == 503:
        assert int(answer.headers["Retry-After"]) > 0, (name, answer.headers)
    return document


# ---- the message resource ------------------------------------------------------------------------


def test_takes_what_is_right(t):
    """The rest of this file changes one thing about what is accepted here."""
    e = t.envelope(wants=1)
    answer = t.post(e.encode())
    assert answer.status == 202, answer.body
    assert answer.json() == {"message_id": e.message_id, "state": "accepted", "recipients": [
        {"recipient": t.noor.handle, "path": "native", "level": "E2EE"}]}
    item = t.inbox(t.noor)[-1]
    got = dict(read(unbase64(item["data"])))
    assert item["kind"] == "envelope" and got[2].decode() == e.message_id
    assert got[12] == e.ciphertext and got[15] == e.signature


def test_not_an_envelope(t):
    whole = t.envelope().encode()
    rows = {"empty": b"", "text": b"hello", "JSON": b'{"suite":1}', "zeros": bytes(1000),
            "ones": b"\xff" * 1000, "another message": t.alice.manifest()[0],
            "twice": whole + whole, "an octet more": whole + b"\0",
            "CPIM": b"From: <im:a@native.example>\r\n\r\n"}
    for name, body in rows.items():
        refused(name, t.post(body), 400, "envelope-malformed", None)
    for n in range(len(whole)):
        refused(f"cut at {n}", t.post(whole[:n]), 400, "envelope-malformed", None)


def test_octets_that_changed(t):
    """A flipped bit never passes as the message that was signed, nor as anything else."""
    whole = t.envelope().encode()
    dice = random.Random(seed := 0xb18830)
    for _ in range(300):
        at, bit = dice.randrange(len(whole)), 1 << dice.randrange(8)
        body = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1:]
        answer = t.post(body)
        name = f"bit {bit} of octet {at} (seed {seed:x})"
        assert answer.status in (400, 403), (name, answer.status, answer.body)
        refused(name, answer, answer.status, answer.json()["type"].split(":")[-1], None)


def test_encoding_is_canonical(t):
    e = t.envelope()
    fields = e.fields()

    def with_field(number, octets):
        changed = dict(fields) | {number: octets}
        return b"".join(changed[n] for n in sorted(changed))
    last = sorted(fields, key=lambda f: (f[0] == 12, f[0]))
    long_number = varint(1 << 3) + b"\x81\x00"
    large_number = varint(7 << 3) + b"\xff" * 9 + b"\x02"
    rows = [
        ("unknown field", e.encode() + element(99, 1), "REQ-WIRE-1"),
        ("out of order", b"".join(octets for _, octets in last), "REQ-WIRE-1"),
        ("twice", e.encode() + fields[-1][1], "REQ-WIRE-1"),
        ("another wire type", e.encode() + element(16, 1), "REQ-WIRE-1"),
        ("field 17 of another profile", e.encode() + element(17, b"\x08\x01"), "REQ-WIRE-1"),
        ("default value", with_field(9, element(9, 0)), "REQ-WIRE-2"),
        ("long number", with_field(1, long_number), "REQ-WIRE-3"),
        ("number over 64 bits", with_field(7, large_number), "REQ-WIRE-3"),
        ("past the end", e.encode()[:-1], "REQ-WIRE-4"),
        ("device of 15", with_field(5, element(5, bytes(15))), "REQ-WIRE-5"),
        ("no signature", with_field(15, b""), "REQ-WIRE-5"),
        ("signature of 65", with_field(15, element(15, bytes(65))), "REQ-WIRE-5"),
        ("key without octets", with_field(13, element(13, b"")), "REQ-WIRE-5"),
    ]
    for name, body, requirement in rows:
        refused(name, t.post(body), 400, "envelope-malformed", requirement)


def test_members_out_of_their_rules(t):
    year_9999 = 253402300799999
    noor = t.noor.handle
    rows = [
        ("suite 2", {"suite": 2}, "REQ-ENV-1"),
        ("id with a blank", {"message_id": "a b"}, "REQ-ENV-2"),
        ("id of 65", {"message_id": "a" * 65}, "REQ-ENV-2"),
        ("id beyond ASCII", {"message_id": "ü"}, "REQ-ENV-2"),
        ("conversation of 65", {"conversation_id": bytes(65)}, "REQ-ENV-3"),
        ("no conversation", {"conversation_id": b""}, "REQ-ENV-3"),
        ("sender upper case", {"sender": "im:alice@NATIVE.example"}, "REQ-ENV-4"),
        ("sender no handle", {"sender": "alice"}, "REQ-ENV-4"),
        ("nobody", {"recipients": []}, "REQ-ENV-5"),
        ("twice", {"recipients": [noor, noor]}, "REQ-ENV-5"),
        ("recipient not canonical", {"recipients": ["tel:+1 415 5550100"]}, "REQ-ENV-5"),
        ("no kind", {"kind": 0}, "REQ-ENV-6"),
        ("unknown wants", {"wants": 4}, "REQ-ENV-7"),
        ("sent in the year 10000", {"sent_at_ms": year_9999 + 1}, "REQ-ENV-8"),
        ("expires in the year 10000", {"expires_at_ms": year_9999 + 1}, "REQ-ENV-8"),
        ("ciphertext of 16", {"ciphertext": bytes(16)}, "REQ-ENV-9"),
        ("ciphertext over 1 MiB", {"ciphertext": bytes(2**20 + 1)}, "REQ-ENV-9"),
        ("1025 keys", {"keys": [wrapped_key(os.urandom(16))] * 1025}, "REQ-ENV-11"),
        ("floor E2EE", {"consent": t.consent(floor=3)}, "REQ-ENV-13"),
        ("no floor", {"consent": t.consent(floor=0)}, "REQ-ENV-13"),
        ("no when", {"consent": t.consent(when=0)}, "REQ-ENV-13"),
        ("consent for ever", {"consent": t.consent(expires_at_ms=0)}, "REQ-ENV-14"),
        ("fallback in part", {"consent": t.consent(fallback=(os.urandom(32), b""))}, "REQ-ENV-15"),
        ("fallback over 16 KiB", {"consent": t.consent(fallback=(os.urandom(32), bytes(16385)))},
         "REQ-ENV-15"),
        ("another fallback", {"consent": t.consent(fallback_hash=os.urandom(32))}, "REQ-ENV-16"),
        ("origin E2EE", {"origin": (3, "sms", t.alice.handle)}, "REQ-ENV-17"),
        ("origin's network", {"origin": (1, "s m s", t.alice.handle)}, "REQ-ENV-17"),
        ("origin of another", {"origin": (1, "sms", noor)}, "REQ-ENV-18"),
    ]
    for name, members, requirement in rows:
        body = t.envelope().signed(**members).encode()
        refused(name, t.post(body), 400, "envelope-malformed", requirement)


def test_who_may_send(t):
    stranger = Account("im:stranger@native.example")
    e = t.envelope()
    rows = [
        ("a gateway's origin", e.signed(origin=(PLAINTEXT, "sms", t.alice.handle)),
         "origin-reserved", "REQ-MSG-1"),
        ("in the gateway's name", e.signed(sender=t.gateway["handle"],
                                           origin=(PLAINTEXT, "sms", t.gateway["handle"])),
         "origin-reserved", "REQ-MSG-1"),
        ("no account", e.signed(sender=stranger.handle, device=stranger.device),
         "sender-unknown", "REQ-MSG-2"),
        ("nobody's network", e.signed(sender="im:a@elsewhere.example"),
         "sender-unknown", "REQ-MSG-2"),
        ("a device of its own making", e.signed(device=Device()), "device-unknown", "REQ-MSG-3"),
        ("somebody else's device", e.signed(device=t.noor.device), "device-unknown", "REQ-MSG-3"),
        ("as the gateway", e.signed(sender=t.gateway["handle"]), "sender-unknown", "REQ-MSG-2"),
    ]
    for name, envelope, problem, requirement in rows:
        refused(name, t.post(envelope.encode()), 403, problem, requirement)
    refused("as the peer's user", t.post(e.signed(sender=BOB).encode()), 401, "signature-missing",
            "REQ-SIG-13")


def test_signature_covers_every_member(t):
    e = t.envelope(consent=t.consent(), expires_at_ms=now_ms() + HOUR_MS)
    other = Device()
    other.id = t.alice.device.id
    key = e.keys[0]
    changes = {
        "signature": {"signature": os.urandom(64)},
        "zeros": {"signature": bytes(64)},
        "another key": {"signature": other.key.sign(e.transcript())},
        "message_id": {"message_id": e.message_id + "x"},
        "conversation_id": {"conversation_id": os.urandom(32)},
        "sender": {"sender": "tel:+14155550100"},
        "recipients": {"recipients": [t.noor.handle, BOB]},
        "sent_at_ms": {"sent_at_ms": e.sent_at_ms + 1},
        "kind": {"kind": CONTROL},
        "wants": {"wants": 1},
        "expires_at_ms": {"expires_at_ms": 0},
        "key_commitment": {"key_commitment": os.urandom(32)},
        "ciphertext": {"ciphertext": e.ciphertext + b"\0"},
        "keys": {"keys": [(key[0], key[1] + 1, key[2], key[3])]},
        "a key more": {"keys": e.keys + [wrapped_key(t.alice.device.id)]},
        "no consent": {"consent": None},
    }
    for name, changed in changes.items():
        refused(name, t.post(e.but(**changed).encode()), 403, "signature-invalid", "REQ-MSG-4")
    for name, changed in {
            "floor": {"floor": TRANSPORT}, "when": {"when": OR_FAILED},
            "failed_after_ms": {"failed_after_ms": 1}, "expires_at_ms": {"expires_at_ms": now_ms()},
            "accepts_e2ee_loss": {"accepts_e2ee_loss": 1},
            "gateway_key": {"gateway_key": os.urandom(16)}, "fallback": {}}.items():
        consent = Consent(**{"gateway_key": t.gateway_key, "expires_at_ms": e.consent.expires_at_ms,
                             "fallback": e.consent.fallback, **changed})
        if name == "fallback":
            consent.fallback = (os.urandom(32), os.urandom(64))
        refused(f"consent's {name}", t.post(e.but(consent=consent).encode()), 403,
                "signature-invalid", "REQ-MSG-4")


def test_seen_before(t):
    e = t.envelope()
    before = len(t.inbox(t.noor))
    first = t.post(e.encode())
    again = t.post(e.encode())
    assert (first.status, again.status) == (202, 200)
    assert first.body == again.body
    assert len(t.inbox(t.noor)) == before + 1
    other = e.signed(ciphertext=os.urandom(64))
    refused("another transcript", t.post(other.encode()), 409, "message-id-reused", "REQ-MSG-5")
    noor = Envelope(t.noor.handle, t.noor.device, [t.alice.handle], message_id=e.message_id,
                    keys=[wrapped_key(t.alice.device.id)]).signed()
    assert t.post(noor.encode()).status == 202  # an id is its device's own
    assert t.post(e.encode()).status == 200
    assert len(t.inbox(t.noor)) == before + 1


def test_times(t):
    rows = [
        ("expired", {"expires_at_ms": now_ms() - 1}, "message-expired", "REQ-MSG-6"),
        ("expired in 1970", {"expires_at_ms": 1}, "message-expired", "REQ-MSG-6"),
        ("ahead", {"sent_at_ms": now_ms() + 6 * 60_000}, "sent-at-out-of-range", "REQ-MSG-7"),
        ("behind", {"sent_at_ms": now_ms() - 31 * DAY_MS}, "sent-at-out-of-range", "REQ-MSG-7"),
        ("no time", {"sent_at_ms": 0}, "sent-at-out-of-range", "REQ-MSG-7"),
    ]
    for name, members, problem, requirement in rows:
        refused(name, t.post(t.envelope(**members).encode()), 422, problem, requirement)
    for good in (now_ms() + 4 * 60_000, now_ms() - 29 * DAY_MS):
        assert t.post(t.envelope(sent_at_ms=good).encode()).status == 202


def test_recipients(t):
    noor = t.noor.handle
    nobody = "im:nobody@native.example"
    for name, to in [("no account", nobody), ("no network", "im:a@elsewhere.example"),
                     ("unknown to the peer", "sip:nobody@rcs.example"),
                     ("the gateway", t.gateway["handle"])]:
        document = refused(name, t.post(t.envelope(to, noor).encode()), 422, "recipient-unroutable",
                           "REQ-MSG-8")
        assert document["refusals"] == [{"recipient": to, "code": "recipient-unroutable"}], name
    rows = [
        ("no key", []), ("key for nobody", [wrapped_key(os.urandom(16))]),
        ("key too many", [wrapped_key(t.noor.device.id), wrapped_key(os.urandom(16))]),
    ]
    for name, keys in rows:
        answer = t.post(t.envelope(keys=keys).encode())
        document = refused(name, answer, 409, "keys-stale", "REQ-MSG-9")
        if name != "key too many":
            manifest = unbase64(document["manifests"][noor])
            assert [d[0] for d in manifest_devices(manifest)] == [t.noor.device.id], name
    before = len(t.inbox(t.noor))
    refused("all or none", t.post(t.envelope(noor, PHONE).encode()), 403, "consent-missing",
            "REQ-DGR-3")
    assert len(t.inbox(t.noor)) == before


def test_consents(t):
    seen = os.urandom(32)
    bob = t.call("GET", f"/v1/directory/{BOB}").json()
    keys = [wrapped_key(d[0]) for d in manifest_devices(unbase64(bob["manifest"]))]
    assert t.post(t.envelope(BOB, keys=keys, conversation_id=seen).encode()).status == 202
    rows = [
        ("none", {}, PHONE, "consent-missing", "REQ-DGR-3"),
        ("none", {}, CAROL, "consent-missing", "REQ-DGR-3"),
        ("kind", {"kind": RECEIPT, "consent": t.consent()}, PHONE, "consent-kind", "REQ-DGR-2"),
        ("expired", {"consent": t.consent(expires_at_ms=now_ms() - 1)}, PHONE, "consent-expired",
         "REQ-DGR-4"),
        ("floor", {"consent": t.consent(floor=TRANSPORT)}, PHONE, "consent-floor-too-high",
         "REQ-DGR-5"),
        ("no fallback", {"consent": t.consent(fallback=None)}, PHONE, "consent-fallback-missing",
         "REQ-DGR-6"),
        ("gateway key", {"consent": Consent(os.urandom(16))}, PHONE, "consent-gateway-key",
         "REQ-DGR-8"),
    ]
    for name, members, to, problem, requirement in rows:
        answer = t.post(t.envelope(to, **members).encode())
        document = refused(name, answer, 403, problem, requirement)
        assert document["refusals"] == [{"recipient": to, "code": problem}], (name, document)
    assert t.world.phone(PHONE[4:]) == [] and t.world.rcs_messages(CAROL) == []


def test_fallback_that_does_not_open(t):
    """The edge cannot tell; the room can, and says so in a receipt. Nothing leaves."""
    for to in (PHONE, CAROL):
        e = t.envelope(to, consent=t.consent(when=NO_BETTER_PATH))
        assert t.post(e.encode()).status == 202
        path = f"/v1/messages/{e.message_id}?device={t.alice.device.id.hex()}"
        receipt = dict(read(unbase64(until("a receipt", 20, lambda p=path: t.call(
            "GET", p).json()["receipts"])[0])))
        assert receipt[4] == 3 and 5 not in receipt, receipt  # UNDELIVERABLE, level NONE
        assert receipt[7].decode().startswith("consent-"), receipt
        assert t.call("GET", path).json()["recipients"][0]["state"] == "failed"
    assert t.world.phone(PHONE[4:]) == [] and t.world.rcs_messages(CAROL) == []


# ---- the frame -----------------------------------------------------------------------------------


def test_sizes_and_types(t):
    whole = t.envelope().encode()
    large = bytes(1600 << 10)
    rows = [
        ("messages", "POST", "/v1/messages", ENVELOPE, large),
        ("translate", "POST", "/v1/translate", CPIM, large),
        ("manifest", "PUT", f"/v1/accounts/{t.alice.handle}", MANIFEST, bytes(17 << 10)),
        ("prekeys", "PUT", f"/v1/accounts/{t.alice.handle}/prekeys", PREKEYS, bytes(33 << 10)),
        ("ack", "POST", "/v1/inbox/ack", "application/json", bytes(33 << 10)),
    ]
    for name, method, path, content_type, body in rows:
        refused(name, t.call(method, path, body, content_type), 413, "body-too-large", "REQ-REST-2")
        refused(f"{name} in chunks", t.call(method, path, iter([body[:5000], body[5000:]]),
                                            content_type), 413, "body-too-large", "REQ-REST-2")
        for other in ("text/plain", "", "x" * 200, "application/octet-stream"):
            refused(f"{name} as {other}", t.call(method, path, b"x", other or None), 415,
                    "media-type-unknown", "REQ-REST-2")
    assert t.post(whole, "Application/Vnd.Teal.Envelope; charset=x").status == 202


def test_resources_and_methods(t):
    for path in ["/", "/v1", "/v2/messages", "/v1/messages/", "/v1/messages//", "/v1/inbox/",
                 "/v1/accounts/", "/v1/accounts/a/b", "/v1/directory/a/claim/x", "/v1/gateway/x",
                 "/healthz/", "//v1/messages", "/v1/%6dessages", "/../etc/passwd",
                 "/v1/messages/a/b", "*"]:
        refused(path, t.call("GET", path), 404, "resource-unknown", "REQ-REST-2")
    rows = [
        ("GET", "/v1/messages", {"POST"}), ("DELETE", "/v1/messages/x", {"GET", "HEAD"}),
        ("POST", "/v1/inbox", {"GET", "HEAD"}), ("GET", "/v1/inbox/ack", {"POST"}),
        ("DELETE", "/v1/accounts/x", {"PUT", "GET", "HEAD"}),
        ("POST", "/v1/accounts/x/prekeys", {"PUT", "GET", "HEAD"}),
        ("PUT", "/v1/directory/x", {"GET", "HEAD"}), ("GET", "/v1/directory/x/claim", {"POST"}),
        ("GET", "/v1/translate", {"POST"}), ("POST", "/v1/gateway", {"GET", "HEAD"}),
        ("PATCH", "/healthz", {"GET", "HEAD"}), ("TEAL", "/healthz", {"GET", "HEAD"}),
    ]
    for method, path, allowed in rows:
        answer = t.call(method, path)
        refused(f"{method} {path}", answer, 405, "method-unknown", "REQ-REST-2")
        assert set(answer.headers["Allow"].split(", ")) == allowed, (path, answer.headers["Allow"])
    answer = t.call("HEAD", "/healthz")
    assert (answer.status, answer.body) == (200, b"")


def test_paths(t):
    for prefix, suffix in [("/v1/accounts/", ""), ("/v1/accounts/", "/prekeys"),
                           ("/v1/directory/", ""), ("/v1/messages/", "")]:
        for bad in ["%", "%4", "%zz", "a%00b", "%00"]:
            path = prefix + bad + suffix
            refused(path, t.call("GET", path), 400, "path-malformed", "REQ-REST-6")
    for handle in ["alice", "im:", "im:alice", "im:alice@", "IM:alice@native.example",
                   "im:alice@native.example%0A", "im:alice@native.example:8480", "tel:14155550100",
                   "tel:+1-415-555-0100", "tel:+0123456", "im%3Aalice%2540x", "%2Fetc%2Fpasswd",
                   "..%2F..%2Fetc%2Fpasswd", "a%FFb", "x" * 300, "sip:a@[::1]"]:
        for path in [f"/v1/accounts/{handle}", f"/v1/directory/{handle}"]:
            refused(path, t.call("GET", path), 400, "handle-malformed", "REQ-HDL-1")
        path = f"/v1/directory/{handle}/claim"
        refused(path, t.call("POST", path), 400, "handle-malformed", "REQ-HDL-1")
    escaped = urllib.parse.quote(t.alice.handle, safe="")
    assert t.call("GET", f"/v1/accounts/{escaped}").body == \
        t.call("GET", f"/v1/accounts/{t.alice.handle}").body


def test_devices_and_numbers(t):
    device = t.noor.device.id.hex()
    bad_devices = ["", "00", device.upper().replace("0", "A"), device + "0", device[:-1],
                   device[:-1] + "g", "%00" * 32, "0x" + device[2:]]
    for resource in ["/v1/inbox?", "/v1/messages/x?", f"/v1/accounts/{t.noor.handle}/prekeys?"]:
        refused(resource, t.call("GET", resource), 400, "device-malformed", "REQ-REST-7")
        for bad in bad_devices:
            path = f"{resource}device={bad}"
            refused(path, t.call("GET", path), 400, "device-malformed", "REQ-REST-7")
    for query in ["wait_s=61", "wait_s=-1", "wait_s=x", "wait_s=", "wait_s=1.5", "wait_s=0x1",
                  "max=0", "max=101", "max=99999999999999999999", "wait_s=%31%00"]:
        path = f"/v1/inbox?device={device}&{query}"
        refused(path, t.call("GET", path), 400, "query-malformed", "REQ-REST-8")


def test_json(t):
    device = t.noor.device.id.hex()
    rows = ["", "{", "[]", "null", "7", '"x"', "{}", "[" * 5000, '{"a":' * 5000,
            f'{{"device":"{device}"}}', f'{{"device":"{device}","seqs":7}}',
            f'{{"device":"{device}","seqs":["1"]}}', f'{{"device":"{device}","seqs":[-1]}}',
            f'{{"device":"{device}","seqs":[1e400]}}', f'{{"device":"{device}","seqs":[1]}} x',
            f'{{"device":"{device}","seqs":[1],"seqs":[2]}}',
            f'{{"device":"{device}","seqs":[{",".join(["1"] * 1001)}]}}',
            '{"seqs":[1],"device":"\\ud800"}', "\xff\xfe"]
    for body in rows:
        answer = t.call("POST", "/v1/inbox/ack", body.encode("latin-1"), "application/json")
        refused(body[:60], answer, 400, "json-malformed", "REQ-REST-9")
    answer = t.call("POST", "/v1/inbox/ack", b'{"device":"xyz","seqs":[1]}', "application/json")
    refused("device", answer, 400, "device-malformed", "REQ-REST-7")
    body = json.dumps({"device": device, "seqs": [10**15]}).encode()
    assert t.call("POST", "/v1/inbox/ack", body, "application/json").status == 204  # REQ-REST-20


def test_what_is_not_there(t):
    device = t.alice.device.id.hex()
    nobody = "im:nobody@native.example"
    rows = [
        (f"/v1/messages/nothing?device={device}", "message-unknown", "REQ-REST-12"),
        (f"/v1/accounts/{nobody}", "account-unknown", "REQ-DIR-26"),
        (f"/v1/accounts/{nobody}/prekeys?device={device}", "account-unknown", "REQ-DIR-26"),
        (f"/v1/accounts/{t.noor.handle}/prekeys?device={device}", "device-unknown", "REQ-DIR-21"),
        (f"/v1/directory/{nobody}", "recipient-unroutable", "REQ-DIR-22"),
        ("/v1/directory/im:a@elsewhere.example", "recipient-unroutable", "REQ-DIR-22"),
        ("/v1/directory/sip:nobody@rcs.example", "recipient-unroutable", "REQ-DIR-22"),
    ]
    for path, problem, requirement in rows:
        refused(path, t.call("GET", path), 404, problem, requirement)
    for handle in [nobody, CAROL, PHONE]:
        path = f"/v1/directory/{handle}/claim"
        refused(path, t.call("POST", path), 404, "recipient-not-sealed", "REQ-DIR-23")
    other = t.envelope()
    assert t.post(other.encode()).status == 202
    path = f"/v1/messages/{other.message_id}?device={t.noor.device.id.hex()}"
    refused("another's message", t.call("GET", path), 404, "message-unknown", "REQ-REST-12")


# ---- CPIM ----------------------------------------------------------------------------------------

HEAD = "From: <im:alice@native.example>\r\nTo: <im:noor@native.example>\r\n" \
       "DateTime: 2026-11-24T09:00:00.123Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n" \
       "imdn.Message-ID: x1\r\n"


def test_cpim_that_is_not_sealed(t):
    rows = [
        ("plain", "\r\nContent-Type: text/plain\r\n\r\nhello", "plain-not-here"),
        ("MLS", "\r\nContent-Type: message/mls\r\n\r\nhello", "mls-not-here"),
        ("IMDN", "\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn/>", "imdn-not-here"),
        ("picture", "\r\nContent-Type: image/png\r\n\r\nhello", "plain-not-here"),
    ]
    for name, rest, problem in rows:
        for path in ("/v1/messages", "/v1/translate"):
            answer = t.call("POST", path, (HEAD + rest).encode(), CPIM)
            refused(name, answer, 422, problem, "REQ-REST-11")


def test_cpim_that_is_broken(t):
    e = t.envelope()
    sealed = t.call("POST", "/v1/translate", e.encode(), ENVELOPE)
    assert sealed.status == 200 and sealed.headers.get_content_type() == CPIM
    back = t.call("POST", "/v1/translate", sealed.body, CPIM)
    assert back.status == 200 and back.body == e.encode()  # I2
    whole = sealed.body

    def changed(old, new):
        assert old in whole, old
        return whole.replace(old, new, 1)
    rows = [
        ("empty", b""), ("text", b"hello"), ("envelope", e.encode()), ("no end", HEAD.encode()),
        ("sealed by its type alone",
         (HEAD + "\r\nContent-Type: application/vnd.teal.sealed\r\n\r\n" + "x" * 64).encode()),
        ("no colon", b"From\r\n" + whole), ("NUL", whole.replace(b"DateTime", b"Date\0ime", 1)),
        ("fold of nothing", changed(b"DateTime: ", b"DateTime:\r\n \r\n ")),
        ("a second From", b"From: <im:eve@native.example>\r\n" + whole),
        ("no date", changed(b"DateTime: ", b"DateTimes: ")),
        ("year x", changed(b"DateTime: 2", b"DateTime: x")),
        ("no signature", changed(b"e2ee.Signature", b"e2ee.Signatory")),
        ("unknown e2ee", changed(b"e2ee.Suite", b"e2ee.Sweet: 1\r\ne2ee.Suite")),
        ("suite twice", changed(b"e2ee.Suite: 1", b"e2ee.Suite: 1\r\ne2ee.Suite: 1")),
        ("suite 01", changed(b"e2ee.Suite: 1", b"e2ee.Suite: 01")),
        ("kind", changed(b"e2ee.Kind: message", b"e2ee.Kind: massage")),
        ("required", b"Require: x.y\r\n" + whole), ("5000 headers", b"A: b\r\n" * 5000 + whole),
        ("long line", b"A: " + b"b" * 40000 + b"\r\n" + whole),
        ("anonymous", changed(f"From: <{t.alice.handle}>".encode(),
                              b"From: <sip:anonymous@anonymous.invalid>")),
    ]
    for name, body in rows:
        for path in ("/v1/messages", "/v1/translate"):
            refused(name, t.call("POST", path, body, CPIM), 400, "cpim-malformed", None)
    refused("another body", t.post(whole + b"x", CPIM), 403, "signature-invalid", "REQ-MSG-4")
    # Who is hidden in the CPIM stands beside it: it is the same message.
    hidden = dict(rows)["anonymous"]
    assert t.post(hidden, CPIM, Rcs_From=t.alice.handle).status == 202
    assert t.post(whole, CPIM).status == 200 and t.post(e.encode()).status == 200


def test_translate_checks_the_grammar_alone(t):
    stranger = Envelope("im:a@elsewhere.example", Device(), ["im:b@elsewhere.example"],
                        signature=os.urandom(64))
    assert t.call("POST", "/v1/translate", stranger.encode(), ENVELOPE).status == 200
    refused("not an envelope", t.call("POST", "/v1/translate", b"hello", ENVELOPE), 400,
            "envelope-malformed", None)


# ---- accounts ------------------------------------------------------------------------------------


def test_manifests(t):
    before = os.urandom(32)
    path = f"/v1/accounts/{t.alice.handle}"
    whole = Account("im:new@native.example").manifest()[0]
    for name, body in [("empty", b""), ("text", b"hello"), ("cut", whole[:-1]),
                       ("more", whole + b"\0"), ("an envelope", t.envelope().encode())]:
        refused(name, t.call("PUT", "/v1/accounts/im:new@native.example", body, MANIFEST), 400,
                "manifest-malformed", None)
    many = Account(*[f"im:n{i}@native.example" for i in range(17)])
    crowd = Account("im:crowd@native.example")
    crowd.devices = [crowd.device] * 2
    named = Account("im:named@native.example")
    named.device.name = "a\nb"
    for name, account, requirement in [("17 handles", many, "REQ-WIRE-6"),
                                       ("a device twice", crowd, "REQ-DIR-3"),
                                       ("name of two lines", named, "REQ-DIR-4")]:
        refused(name, t.put_manifest(account), 400, "manifest-malformed", requirement)
    refused("version 0", t.put_manifest(named, version=0), 400, "manifest-malformed", None)

    thief, borrower = Account(t.noor.handle), Account("im:thief@native.example")
    borrower.devices = [t.noor.device]
    rows = [
        ("another path", Account("im:a@native.example"),
         {"path": "/v1/accounts/im:b@native.example"}, 422, "handle-missing"),
        ("a peer's", Account("im:a@native.example", BOB), {}, 403, "handle-foreign"),
        ("nobody's", Account("im:a@elsewhere.example"), {}, 403, "handle-foreign"),
        ("a peer's number", Account("tel:+447700900999"), {}, 403, "handle-foreign"),
        ("another signer", Account("im:a@native.example"), {"signer": SigningKey()}, 403,
         "signature-invalid"),
        ("made tomorrow", Account("im:a@native.example"),
         {"created_at_ms": now_ms() + DAY_MS}, 422, "created-at-out-of-range"),
        ("begins with 2", Account("im:a@native.example"), {"version": 2, "previous": before}, 409,
         "manifest-version"),
        ("somebody's handle", thief, {}, 409, "handle-taken"),
        ("somebody's device", borrower, {}, 409, "device-taken"),
        ("the gateway's handle", Account(t.gateway["handle"]), {}, 409, "handle-taken"),
        ("version 3 after 1", t.alice, {"version": 3, "previous": before}, 409, "manifest-version"),
        ("another past", t.alice, {"version": 2, "previous": os.urandom(32)},
         409, "manifest-version"),
        ("version 1 anew", t.alice, {"created_at_ms": now_ms() - 5}, 409, "manifest-version"),
    ]
    held = t.call("GET", path).body
    for name, account, how, status, problem in rows:
        refused(name, t.put_manifest(account, **how), status, problem, "REQ-DIR-20")
    assert t.call("GET", path).body == held
    assert t.call("PUT", path, held, MANIFEST).status == 200  # the stored one, again


def test_next_manifest(t):
    """A device that leaves the manifest leaves nothing behind."""
    sam = Account("im:sam@native.example")
    first, before = sam.manifest()
    path = f"/v1/accounts/{sam.handle}"
    t.accounts[sam.key.public], t.devices[sam.device.id] = sam, sam.device
    assert t.call("PUT", path, first, MANIFEST).status == 201
    old, new = sam.device, Device("second")
    e = t.envelope(sam.handle, keys=[wrapped_key(old.id)])
    assert t.post(e.encode()).status == 202 and len(t.inbox(sam)) == 1
    sam.devices = [new]
    assert t.put_manifest(sam, version=2, previous=before).status == 200
    for resource in (f"/v1/inbox?device={old.id.hex()}", f"{path}/prekeys?device={old.id.hex()}"):
        refused("the old device", t.call("GET", resource), 401, "signature-invalid", "REQ-SIG-7")
    new_inbox = t.call("GET", f"/v1/inbox?device={new.id.hex()}", signer=Signer.device(new))
    assert new_inbox.json()["items"] == []
    stale = t.envelope(sam.handle, keys=[wrapped_key(old.id)])
    document = refused("the old keys", t.post(stale.encode()), 409, "keys-stale", "REQ-MSG-9")
    devices = manifest_devices(unbase64(document["manifests"][sam.handle]))
    assert devices == [(new.id, new.key.public, "second")]
    fresh = t.envelope(sam.handle, keys=[wrapped_key(new.id)])
    assert t.post(fresh.encode()).status == 202
    left_over = Envelope(sam.handle, old, [t.noor.handle],
                         keys=[wrapped_key(t.noor.device.id)]).signed()
    refused("sent by it", t.post(left_over.encode()), 403, "device-unknown", "REQ-MSG-3")


def test_prekeys(t):
    path = f"/v1/accounts/{t.alice.handle}/prekeys"
    device, stranger = t.alice.device, Device()
    forged = message({1: device.id, 2: [message({1: 9, 2: os.urandom(32), 3: os.urandom(64)})]})
    stolen = message({1: device.id, 2: [stranger.prekey(9)]})
    rows = [
        ("text", b"hello", 400, "prekeys-malformed", None),
        ("twice", device.prekeys(7, 7), 400, "prekeys-malformed", "REQ-DIR-8"),
        ("257", message({1: device.id, 2: [b""] * 257}), 400, "prekeys-malformed", None),
        ("a stranger's", stranger.prekeys(7), 403, "caller-not-allowed", "REQ-SIG-12"),
        ("another's", t.noor.device.prekeys(7), 404, "device-unknown", "REQ-DIR-21"),
        ("forged", forged, 403, "signature-invalid", "REQ-DIR-21"),
        ("201", device.prekeys(*range(3, 202)), 409, "prekeys-full", "REQ-PRE-2"),
        ("another's key", stolen, 403, "signature-invalid", "REQ-DIR-21"),
    ]
    for name, body, status, problem, requirement in rows:
        refused(name, t.call("PUT", path, body, PREKEYS), status, problem, requirement)
    refused("no account", t.call("PUT", "/v1/accounts/im:nobody@native.example/prekeys",
                                 device.prekeys(7), PREKEYS), 404, "account-unknown", "REQ-DIR-21")
    left = t.call("GET", f"{path}?device={device.id.hex()}").json()
    assert left == {"one_time_left": 2, "last_id": 2}


def test_prekeys_are_handed_out_once(t):
    path = f"/v1/directory/{t.noor.handle}/claim"
    ids = []
    for _ in range(4):
        claimed = t.call("POST", path).json()
        assert [p["device"] for p in claimed["prekeys"]] == [t.noor.device.id.hex()]
        ids.append(dict(read(unbase64(claimed["prekeys"][0]["prekey"]))).get(1, 0))
    assert sorted(ids[:2]) == [1, 2] and ids[2:] == [0, 0], ids


# ---- and after all that --------------------------------------------------------------------------


def test_still_works(t):
    e = t.envelope()
    before = {item["seq"] for item in t.inbox(t.noor)}
    assert t.post(e.encode()).status == 202
    items = [item for item in t.inbox(t.noor) if item["seq"] not in before]
    assert [dict(read(unbase64(i["data"])))[2].decode() for i in items] == [e.message_id]
    body = json.dumps({"device": t.noor.device.id.hex(), "seqs": [items[0]["seq"]]}).encode()
    assert t.call("POST", "/v1/inbox/ack", body, "application/json").status == 204
    path = f"/v1/messages/{e.message_id}?device={t.alice.device.id.hex()}"
    until("ARRIVED", 20, lambda: t.call("GET", path).json()["recipients"][0]["state"] == "arrived")
    assert t.call("GET", "/healthz").json() == {"status": "ok"}


if __name__ == "__main__":
    cases.main(globals(), Endpoint)
