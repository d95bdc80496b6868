"""Signed requests, from PROTOCOL.md section 9.0, RFC 9421 and RFC 9530, without a line of Teal's own
code. Signs whatever a test makes up."""
import base64
import hashlib
import os
import time
import urllib.parse

from native import SigningKey

COMPONENTS = ["@method", "@authority", "@path", "@query"]


def base64url(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def content_digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


class Signer:
    """keyid: `device:…`, `account:…` or `key:…`."""

    def __init__(self, key, keyid):
        self.key, self.keyid = key, keyid

    @classmethod
    def device(cls, device):
        return cls(device.key, f"device:{device.id.hex()}")

    @classmethod
    def account(cls, account):
        return cls(account.key, f"account:{base64url(account.key.public)}")

    @classmethod
    def by_key(cls, key):
        return cls(key, f"key:{base64url(key.public)}")

    @classmethod
    def operator(cls, path):
        """From STATE/operator.key."""
        seed = path.read_text().split()[1]
        return cls.by_key(SigningKey(base64.urlsafe_b64decode(seed + "=")))

    def fields(self, method, url, body=b"", fields=None, **how):
        """All fields of the request: those given, and those that sign it. Each of `components`,
        `created`, `nonce`, `tag`, `label`, `more` (parameters), `covered_as` (other values to sign)
        in `how` is as a test wants it."""
        fields = dict(fields or {})
        parts = urllib.parse.urlsplit(url)
        target = url.split(parts.netloc, 1)[1]
        path, question, query = target.partition("?")
        if body:
            fields["Content-Digest"] = content_digest(body)
        values = {name.lower(): value for name, value in fields.items()}
        values.update({"@method": method, "@authority": parts.netloc.lower(), "@path": path or "/",
                       "@query": "?" + query})
        values.update(how.get("covered_as", {}))
        components = how.get("components")
        if components is None:
            components = COMPONENTS + [n for n in ("content-digest", "content-type", "rcs-from",
                                                   "rcs-to") if n in values]
        parameters = {"created": how.get("created", int(time.time())),
                      "nonce": f'"{how.get("nonce", base64url(os.urandom(16)))}"',
                      "keyid": f'"{how.get("keyid", self.keyid)}"', "alg": '"ed25519"',
                      "tag": f'"{how.get("tag", "teal")}"', **how.get("more", {})}
        described = "(" + " ".join(f'"{c}"' for c in components) + ")" + \
            "".join(f";{name}={value}" for name, value in parameters.items() if value is not None)
        base = "".join(f'"{c}": {values[c]}\n' for c in components) + \
            f'"@signature-params": {described}'
        label = how.get("label", "teal")
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        return {**fields, "Signature-Input": f"{label}={described}",
                "Signature": f"{label}=:{signature}:"}
