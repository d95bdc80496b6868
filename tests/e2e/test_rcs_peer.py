#!/usr/bin/env python3
"""The sandbox RCS network against another one of its kind, each the other's gateway: what the tests
of the whole rely on. What needs a gateway's signature is tested with the gateway."""
import subprocess
import sys
import tempfile
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness import ROOT, free_port, http, http_json, until

BOB, CAROL, DAVE = "sip:bob@a.example", "sip:carol@a.example", "sip:dave@b.example"
PLAIN = """From: <{sender}>\r
To: <{to}>\r
DateTime: 2026-11-24T09:00:00.123Z\r
NS: imdn <urn:ietf:params:imdn>\r
imdn.Message-ID: {id}\r
\r
Content-Type: text/plain; charset=UTF-8\r
\r
{text}"""


class Network:
    def __init__(self, port, gateway, *users, state=None):
        self.url = f"http://127.0.0.1:{port}"
        command = [ROOT / "build/asan/peers/rcs", "--port", str(port),
                   "--gateway", f"http://127.0.0.1:{gateway}"]
        command += [word for user in users for word in ("--user", user)]
        command += ["--state", state] if state else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        assert self.process.stdout.readline() == "ready\n"

    def call(self, method, path, body=None):
        return http_json(method, self.url + path, body)

    def send(self, sender, to, text):
        return self.call("POST", "/sandbox/send", {"from": sender, "to": to, "text": text})[1]

    def post(self, cpim):
        """(status, problem) of a message as the gateway would bring it."""
        status, _, body = http("POST", f"{self.url}/v1/messages", cpim, "message/cpim")
        return status, body.decode()

    def messages(self, user):
        return self.call("GET", f"/sandbox/messages?user={user}")[1]["messages"]

    def device_receipts(self, user):
        return self.call("GET", f"/sandbox/receipts?user={user}")[1]["device_receipts"]

    def behave(self, mode):
        status, answer = self.call("POST", "/sandbox/behave", {"mode": mode})
        assert status == 200, answer

    def stop(self):
        self.process.terminate()
        _, errors = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, errors


class Tap:
    """Stands between two networks, keeps the last message, and may change it."""

    def __init__(self, port, to):
        tap = self
        self.last = None
        self.change = lambda body: body

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.pass_on(None)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/v1/messages":
                    body = tap.last = tap.change(body)
                self.pass_on(body)

            def pass_on(self, body):
                kind = self.headers.get("Content-Type")
                try:
                    status, kind, answer = http(self.command, f"http://127.0.0.1:{to}{self.path}",
                                                body, kind)
                except OSError:
                    self.close_connection = True  # as the far side did
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Two:
    """Network a with Bob (sealed) and Carol (plain), network b with Dave (sealed)."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.port_a, self.port_b, tap = free_port(), free_port(), free_port()
        self.tap = Tap(tap, self.port_b)
        self.a = Network(self.port_a, tap, f"sealed:{BOB},tel:+447700900123", f"plain:{CAROL}")
        self.start_b()

    def start_b(self):
        self.b = Network(self.port_b, self.port_a, f"sealed:{DAVE}",
                         state=str(Path(self.folder.name, "seed")))

    def close(self):
        self.a.stop()
        self.b.stop()

    def kill(self):
        for network in [self.a, self.b]:
            network.process.kill()
            print(network.process.stderr.read())


def test_seals_verifies_and_reports(two):
    texts = ["Hello", "שלום 👨‍👩‍👧", "x" * 8000]
    sent = [two.a.send(BOB, DAVE, text) for text in texts]
    assert [s["status"] for s in sent] == [202] * 3
    assert [(m["text"], m["from"], m["level"], m["verified"]) for m in two.b.messages(DAVE)] == \
        [(text, BOB, "E2EE", True) for text in texts]
    assert all(text.encode() not in two.tap.last for text in texts)
    want = [{"message_id": s["message_id"], "from": DAVE, "disposition": "delivered"} for s in sent]
    until("device receipts", 20, lambda: len(two.a.device_receipts(BOB)) == 3)
    assert two.a.device_receipts(BOB) == want
    back = two.b.send(DAVE, "tel:+447700900123", "Back")
    assert back["status"] == 202
    assert two.a.messages(BOB)[0]["text"] == "Back" == two.a.messages("tel:%2B447700900123")[0]["text"]


def test_takes_a_message_once_and_unchanged_only(two):
    assert two.a.send(BOB, DAVE, "Hello")["status"] == 202
    good = two.tap.last
    assert two.b.post(good)[0] == 200
    for change, want in [
            ((b"e2ee.Kind: message", b"e2ee.Kind: control"), "signature-invalid"),
            ((b"imdn.Message-ID: rcs-", b"imdn.Message-ID: RCS-"), "signature-invalid"),
            ((b"bob@", b"nobody@"), "sender-unknown"),
            ((b"dave@", b"nobody@"), "recipient-unroutable"),
            ((b"Content-Type: application", b"Content-Type: image"), "not-translatable"),
            ((b"e2ee.Suite: 1\r\n", b""), "cpim-malformed")]:
        assert change[0] in good
        assert f"urn:teal:problem:{want}" in two.b.post(good.replace(*change))[1]
    assert two.b.post(good[:-1] + bytes([good[-1] ^ 1]))[0] == 403
    assert len(two.b.messages(DAVE)) == 1


def test_prekeys_are_handed_out_once_and_used_once(two):
    def claim():
        return two.b.call("POST", f"/v1/directory/{DAVE}/claim", {})[1]["prekeys"][0]["prekey"]
    claimed = [claim() for _ in range(103)]
    assert len(set(claimed)) == 101                  # a hundred, then the last resort
    assert claimed[100] == claimed[101] == claimed[102]
    assert two.a.send(BOB, DAVE, "last resort")["status"] == 202
    two.b.stop()
    two.start_b()                                    # keeps its account, not its one-time prekeys
    assert claim() not in claimed
    assert two.a.send(BOB, DAVE, "same keys")["status"] == 202
    used = two.tap.last
    two.b.stop()
    two.start_b()
    status, problem = two.b.post(used)
    assert status == 409 and "keys-stale" in problem


def test_plain_is_for_plain_users(two):
    def post(**fields):
        return two.a.post(PLAIN.format(**{"sender": DAVE, "to": CAROL, "id": "p1", "text": "Hi",
                                          **fields}).encode())
    assert [post()[0] for _ in range(2)] == [202, 200]
    assert post(text="other")[0] == 409
    assert "recipient-sealed" in post(to=BOB)[1]
    assert [(m["text"], m["level"], m["verified"]) for m in two.a.messages(CAROL)] == \
        [("Hi", "TRANSPORT", False)]
    assert two.a.messages(BOB) == []
    assert two.a.call("GET", f"/v1/directory/{CAROL}")[1]["capability"] == "plain"
    assert two.a.call("POST", f"/v1/directory/{CAROL}/claim", {})[0] == 404
    assert two.a.call("GET", f"/v1/directory/{DAVE}")[0] == 404


def test_behaves_as_told(two):
    for mode, status in [("unavailable", 503), ("refuse", 403), ("stale", 409), ("normal", 202)]:
        two.b.behave(mode)
        assert two.a.send(BOB, DAVE, mode)["status"] == status
    two.b.behave("stall")
    try:
        answer = http("POST", f"{two.b.url}/v1/messages", two.tap.last, "message/cpim", timeout=0.3)
        raise AssertionError(f"a stalled network answered {answer}")
    except TimeoutError:
        pass
    two.b.behave("normal")
    assert [m["text"] for m in two.b.messages(DAVE)] == ["normal"]
    assert two.b.call("POST", "/sandbox/behave", {"mode": "sulk"})[0] == 400


def test_ends_though_it_is_stalled(two):
    two.b.behave("stall")
    sending = threading.Thread(target=lambda: two.a.send(BOB, DAVE, "never"))
    two.tap.last = None
    sending.start()
    until("the message to leave", 20, lambda: two.tap.last)
    two.b.stop()
    two.start_b()
    sending.join()


def main():
    passed = failed = 0
    for name, test in [item for item in globals().items() if item[0].startswith("test_")]:
        two = Two()
        try:
            test(two)
            two.close()
            passed += 1
        except Exception:  # a test that fails says which one, and the others run
            failed += 1
            print(f"{name}\n{traceback.format_exc()}")
            two.kill()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
