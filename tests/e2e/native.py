"""A native client written from PROTOCOL.md and RFC 8032, without a line of Teal's own code. It
signs whatever a test makes up, also what the command line would never say."""
import dataclasses
import hashlib
import os
import time

# ---- Ed25519, RFC 8032 section 5.1: slow, and not for secrets ------------------------------------

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, FIELD) % FIELD
BASE_Y = 4 * pow(5, -1, FIELD) % FIELD
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
IDENTITY = (0, 1, 1, 0)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % FIELD
    b = (p[1] + p[0]) * (q[1] + q[0]) % FIELD
    c, d = 2 * p[3] * q[3] * D % FIELD, 2 * p[2] * q[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def base_times(scalar):
    """The point, encoded."""
    point, power = IDENTITY, (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % FIELD)
    while scalar:
        if scalar & 1:
            point = add(point, power)
        power = add(power, power)
        scalar >>= 1
    inverse = pow(point[2], -1, FIELD)
    x, y = point[0] * inverse % FIELD, point[1] * inverse % FIELD
    return (y | (x & 1) << 255).to_bytes(32, "little")


class SigningKey:
    def __init__(self, seed=None):
        digest = hashlib.sha512(seed or os.urandom(32)).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix = digest[32:]
        self.public = base_times(self.scalar)

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER
        r = number(self.prefix, message)
        point = base_times(r)
        s = (r + number(point, self.public, message) * self.scalar) % ORDER
        return point + s.to_bytes(32, "little")


# ---- encodings: protobuf (section 3.1) and transcripts (section 1) -------------------------------


def varint(n):
    octets = b""
    while n > 0x7f:
        octets += bytes([n & 0x7f | 0x80])
        n >>= 7
    return octets + bytes([n])


def field(number, value):
    """Left out where it has its default value; a list is repeated."""
    if isinstance(value, list):
        return b"".join(element(number, v) for v in value)
    return element(number, value) if value else b""


def element(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    octets = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def message(values):
    """values: {number: value}, in order."""
    return b"".join(field(number, value) for number, value in values.items())


def read(octets):
    """[(number, value), …]: numbers, and octets for all else."""
    fields, at = [], 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            octet = octets[at]
            value, shift, at = value | (octet & 0x7f) << shift, shift + 7, at + 1
            if octet < 0x80:
                return value
    while at < len(octets):
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, at = octets[at:at + value], at + value
        fields.append((tag >> 3, value))
    return fields


def sha256(octets):
    return hashlib.sha256(octets).digest()


def lp(value):
    octets = value.encode() if isinstance(value, str) else value
    return len(octets).to_bytes(4, "big") + octets


def number(n):
    return n.to_bytes(8, "big")


def items(encoded):
    return number(len(encoded)) + b"".join(encoded)


def now_ms():
    return time.time_ns() // 1_000_000


# ---- accounts (section 6) ------------------------------------------------------------------------


class Device:
    def __init__(self, name=""):
        self.id = os.urandom(16)
        self.key = SigningKey()
        self.name = name
        self.added_at_ms = now_ms()

    def prekey(self, prekey_id, public=None):
        public = public or os.urandom(32)
        transcript = lp("teal prekey v1") + lp(self.id) + number(prekey_id) + lp(public)
        return message({1: prekey_id, 2: public, 3: self.key.sign(transcript)})

    def prekeys(self, *ids):
        return message({1: self.id, 2: [self.prekey(i) for i in ids]})


class Account:
    def __init__(self, *handles):
        self.handles = list(handles)
        self.key = SigningKey()
        self.device = Device("first")
        self.devices = [self.device]

    @property
    def handle(self):
        return self.handles[0]

    def manifest(self, version=1, previous=b"", created_at_ms=None, signer=None):
        """(encoded, SHA-256 of its transcript)"""
        created_at_ms = created_at_ms or now_ms()
        transcript = lp("teal manifest v1") + number(version) + lp(self.key.public) + \
            items([lp(h) for h in self.handles]) + \
            items([lp(d.id) + lp(d.key.public) + lp(d.name) + number(d.added_at_ms)
                   for d in self.devices]) + number(created_at_ms) + lp(previous)
        devices = [message({1: d.id, 2: d.key.public, 3: d.name, 4: d.added_at_ms})
                   for d in self.devices]
        return message({1: version, 2: self.key.public, 3: self.handles, 4: devices,
                        5: created_at_ms, 6: previous,
                        7: (signer or self.key).sign(transcript)}), sha256(transcript)


def manifest_devices(encoded):
    """[(id, signing key, name), …] of an encoded manifest."""
    devices = [dict(read(value)) for number_, value in read(encoded) if number_ == 4]
    return [(d[1], d[2], d.get(3, b"").decode()) for d in devices]


# ---- envelopes (section 3) -----------------------------------------------------------------------

PLAINTEXT, TRANSPORT, E2EE = 1, 2, 3
MESSAGE, RECEIPT, TYPING, CONTROL = 1, 2, 3, 4
NO_BETTER_PATH, OR_FAILED = 1, 2


def wrapped_key(device_id, prekey_id=0):
    """One that nobody can open, which no gateway can tell."""
    return device_id, prekey_id, os.urandom(32), os.urandom(48)


@dataclasses.dataclass
class Consent:
    """fallback: (enc, sealed), or None."""
    gateway_key: bytes
    floor: int = PLAINTEXT
    when: int = NO_BETTER_PATH
    failed_after_ms: int = 0
    expires_at_ms: int = dataclasses.field(default_factory=lambda: now_ms() + 3_600_000)
    accepts_e2ee_loss: int = 0
    fallback: tuple = dataclasses.field(default_factory=lambda: (os.urandom(32), os.urandom(64)))
    fallback_hash: bytes = b""

    def hash(self):
        enc, sealed = self.fallback or (b"", b"")
        return self.fallback_hash or sha256(lp(enc) + lp(sealed))

    def transcript(self):
        return number(1) + number(self.floor) + number(self.when) + number(self.failed_after_ms) + \
            number(self.expires_at_ms) + number(self.accepts_e2ee_loss) + lp(self.gateway_key) + \
            lp(self.hash())

    def encode(self):
        enc, sealed = self.fallback or (b"", b"")
        return message({1: self.floor, 2: self.when, 3: self.failed_after_ms, 4: self.expires_at_ms,
                        5: self.accepts_e2ee_loss, 6: self.gateway_key, 7: self.hash(), 8: enc,
                        9: sealed})


@dataclasses.dataclass
class Envelope:
    """keys: as wrapped_key gives them. origin: (level, network, gateway)."""
    sender: str
    device: Device
    recipients: list
    keys: list = dataclasses.field(default_factory=list)
    suite: int = 1
    message_id: str = dataclasses.field(default_factory=lambda: "Mx" + os.urandom(11).hex())
    conversation_id: bytes = dataclasses.field(default_factory=lambda: os.urandom(32))
    sent_at_ms: int = dataclasses.field(default_factory=now_ms)
    kind: int = MESSAGE
    wants: int = 0
    expires_at_ms: int = 0
    key_commitment: bytes = dataclasses.field(default_factory=lambda: os.urandom(32))
    ciphertext: bytes = dataclasses.field(default_factory=lambda: os.urandom(64))
    consent: Consent = None
    origin: tuple = None
    signature: bytes = b""

    def but(self, **changed):
        """The same without a valid signature where that covers what changed."""
        return dataclasses.replace(self, **changed)

    def signed(self, **changed):
        e = self.but(**changed)
        e.signature = e.device.key.sign(e.transcript())
        return e

    def transcript(self):
        key_hashes = [sha256(lp(device) + number(prekey_id) + lp(enc) + lp(wrapped))
                      for device, prekey_id, enc, wrapped in self.keys]
        origin = number(0)
        if self.origin:
            level, network, gateway = self.origin
            origin = number(1) + number(level) + lp(network) + lp(gateway)
        return lp("teal envelope v1") + number(self.suite) + lp(self.message_id) + \
            lp(self.conversation_id) + lp(self.sender) + lp(self.device.id) + \
            items([lp(r) for r in self.recipients]) + number(self.sent_at_ms) + \
            number(self.kind) + number(self.wants) + number(self.expires_at_ms) + \
            lp(self.key_commitment) + lp(sha256(self.ciphertext)) + \
            items([lp(h) for h in key_hashes]) + \
            (self.consent.transcript() if self.consent else number(0)) + origin + number(0)

    def fields(self):
        """[(number, octets), …], to be tampered with."""
        keys = [message({1: device, 2: prekey_id, 3: enc, 4: wrapped})
                for device, prekey_id, enc, wrapped in self.keys]
        values = {1: self.suite, 2: self.message_id, 3: self.conversation_id, 4: self.sender,
                  5: self.device.id, 6: self.recipients, 7: self.sent_at_ms, 8: self.kind,
                  9: self.wants, 10: self.expires_at_ms, 11: self.key_commitment,
                  12: self.ciphertext, 13: keys,
                  14: self.consent.encode() if self.consent else b"", 15: self.signature,
                  16: message(dict(zip((1, 2, 3), self.origin))) if self.origin else b""}
        return [(n, field(n, value)) for n, value in values.items() if value]

    def encode(self):
        return b"".join(octets for _, octets in self.fields())
