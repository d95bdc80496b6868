#!/usr/bin/env python3
"""The command line against a gateway, and against one that loses answers and lies."""
import contextlib
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from base64 import urlsafe_b64decode, urlsafe_b64encode

from harness import PASSPHRASE, Person, World, http, http_json, until

PHONE = "+4915112345678"


def decode(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(octets):
    return urlsafe_b64encode(octets).decode().rstrip("=")


class Liar:
    """Stands between a device and its gateway. `twist(method, path, status, body)` gives the answer
    to pass on, or None: the connection ends without one. `swallow(method, path)`: the request does
    not even reach the gateway."""

    def __init__(self, world):
        self.twist = lambda method, path, status, body: (status, body)
        self.swallow = lambda method, path: None
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                made_up = liar.swallow(self.command, self.path)
                status, content_type, answer = made_up or liar.forward(
                    self.command, world.gateway + self.path, dict(self.headers), body)
                twisted = liar.twist(self.command, self.path, status, answer)
                if twisted is None:
                    self.close_connection = True
                    return
                self.send_response(twisted[0])
                self.send_header("Content-Length", str(len(twisted[1])))
                if content_type:
                    self.send_header("Content-Type", content_type)
                self.end_headers()
                self.wfile.write(twisted[1])

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.handler, self.address = Handler, world.door()
        self.url = "http://{}:{}".format(*self.address)
        self.open()

    def open(self):
        self.server = ThreadingHTTPServer(self.address, self.handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """From now on connections are refused; those that are there end with their handlers."""
        self.server.shutdown()
        self.server.socket.close()

    @staticmethod
    def forward(method, url, fields, body):
        """With the fields as they are: what is signed would not verify otherwise."""
        return http(method, url, body or None, fields=fields, timeout=70)

    def person(self, world, name, *handles):
        shutil.rmtree(world.folder / name, ignore_errors=True)
        person = Person(world, name)
        person.json("init", "--gateway", self.url)
        return person.register(*handles)


def flipped(text, at=-1):
    octets = bytearray(decode(text))
    octets[at] ^= 1
    return encode(bytes(octets))


def once(condition, answer):
    """A twist or swallow that happens the first time that the condition holds."""
    done = []

    def happen(*args):
        if not done and condition(*args):
            done.append(True)
            return True, answer(*args)
        return False, None
    return happen


# ---- as it should be ---------------------------------------------------------------------------

def keys_of(item):
    return sorted(item)


def test_objects_have_the_members_that_scripts_rely_on(world):
    kim = world.person("kim", "im:kim@native.example", "tel:+14155550111")
    lou = world.person("lou", "im:lou@native.example")
    found = kim.json("lookup", "im:lou@native.example")[0]
    assert keys_of(found) == sorted(["handle", "path", "level", "capability", "network",
                                     "account_key", "trust"]), found
    assert found["trust"] == "new" and found["level"] == "E2EE"
    assert kim.json("lookup", f"tel:{PHONE}")[0]["account_key"] is None
    sent = kim.send("im:lou@native.example", "hello")
    assert keys_of(sent) == ["message_id", "recipients"]
    assert sent["recipients"] == [{"recipient": "im:lou@native.example", "path": "native",
                                   "level": "E2EE"}]
    assert kim.json("lookup", "im:lou@native.example")[0]["trust"] == "known"
    got = lou.message(message_id=sent["message_id"])
    assert keys_of(got) == sorted(["kind", "message_id", "from", "claimed", "level", "origin",
                                   "verified", "text", "sent_at_ms", "conversation_id"]), got
    assert got["origin"] is None and not got["claimed"] and got["from"] == "im:kim@native.example"
    proof = kim.receipt(sent["message_id"], status="ARRIVED")
    assert keys_of(proof) == sorted(["kind", "message_id", "recipient", "status", "level", "path",
                                     "mark", "segments", "reason", "verified"]), proof
    device = kim.wait_for("lou's receipt", kind="device-receipt", message_id=sent["message_id"])
    assert keys_of(device) == sorted(["kind", "message_id", "from", "disposition", "verified"])
    assert device["verified"] and device["disposition"] == "delivered"
    known = kim.json("receipts", sent["message_id"])[0]
    assert keys_of(known) == sorted(["message_id", "to", "sent_at_ms", "receipts",
                                     "device_receipts"])
    assert proof in known["receipts"] and known["device_receipts"] == [device]
    mine = kim.json("devices")
    assert len(mine) == 1 and mine[0]["this"] and mine[0]["name"] == "kim's device"
    assert keys_of(mine[0]) == sorted(["device", "name", "added_at_ms", "this", "one_time_left"])


def test_registering_can_be_repeated_and_grows(world):
    max_ = world.person("max", "im:max@native.example")
    again = max_.json("register", "im:max@native.example")[0]
    assert again == {"handles": ["im:max@native.example"], "version": 1, "one_time_left": 100}
    more = max_.json("register", "tel:+1 (415) 555-0112")[0]
    assert more["handles"] == ["im:max@native.example", "tel:+14155550112"], more
    assert more["version"] == 2
    taken = Person(world, "max2").init()
    status, out, err = taken.call("register", "im:max@native.example")
    assert status == 3 and "taken" in err, err
    assert taken.json("register", "im:max2@native.example")[0]["version"] == 1
    status, out, err = taken.call("register", "im:max@elsewhere.example")
    assert status == 3 and "foreign" in err, err


def test_several_recipients_and_oneself(world):
    pia = world.person("pia", "im:pia@native.example")
    quin = world.person("quin", "im:quin@native.example")
    sent = pia.send("im:pia@native.example,im:quin@native.example,sip:bob@rcs.example,"
                    "im:quin@native.example", "to all of you")
    assert [r["path"] for r in sent["recipients"]] == ["native", "native", "rcs"], sent
    assert quin.message(message_id=sent["message_id"])["text"] == "to all of you"
    assert pia.message(message_id=sent["message_id"])["verified"]
    until("Bob", 20, lambda: [m for m in world.rcs_messages("sip:bob@rcs.example")
                              if m["message_id"] == sent["message_id"]])
    pia.receipt(sent["message_id"], recipient="sip:bob@rcs.example", status="SENT")


def test_readable_text_is_not_placed_where_it_is_not_needed(world):
    liar = Liar(world)
    posted = []
    kept = liar.forward

    def keep(method, url, fields, body):
        posted.append((url, body))
        return kept(method, url, fields, body)
    liar.forward = keep
    rob = liar.person(world, "rob", "im:rob@native.example")
    world.person("sue", "im:sue@native.example")
    status, out, _ = rob.call("send", "--fallback=sms", "im:sue@native.example", "x" * 5000)
    assert status == 0 and "No readable text leaves" in out, out
    small = len(posted[-1][1])
    rob.send("im:sue@native.example", "x" * 5000, "--fallback=sms", "--when=or-failed")
    assert len(posted[-1][1]) > small + 5000


def test_exit_statuses(world):
    tom = world.person("tom", "im:tom@native.example")
    assert tom.call("inbox", env={"TEAL_PASSPHRASE": "wrong"})[0] == 5
    assert Person(world, "nobody").call("inbox")[0] == 5
    assert tom.call("frobnicate")[0] == 2
    assert tom.call("send", "not a handle", "x")[0] == 2
    assert tom.call("send", f"tel:{PHONE}", "x")[0] == 3
    assert tom.call("send", "im:nobody@native.example", "x")[0] == 3
    assert tom.call("receipts", "MxNone")[0] == 1
    lost = Person(world, "lost")
    shutil.rmtree(lost.home, ignore_errors=True)
    status, _, err = lost.call("init", "--gateway", "http://127.0.0.1:1")
    assert status == 4, err
    assert lost.call("inbox")[0] == 5, "init made a keychain without a gateway"
    assert lost.call("init", "--gateway", "gopher://x")[0] == 2
    assert tom.call("init", "--gateway", world.gateway)[0] == 5, "it overwrote a keychain"
    assert lost.call("--version")[0] == 0


def test_the_passphrase_from_a_file(world):
    file = world.folder / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    una = world.person("una", "im:una@native.example")
    assert una.call("--passphrase-file", file, "devices", env={"TEAL_PASSPHRASE": ""})[0] == 0
    assert una.call("devices", env={"TEAL_PASSPHRASE_FILE": str(file),
                                    "TEAL_PASSPHRASE": "wrong"})[0] == 0
    assert una.call("--passphrase-file", "/nonexistent", "devices")[0] == 5


def test_prekeys_are_topped_up(world):
    vic = world.person("vic", "im:vic@native.example")
    for _ in range(85):
        assert http_json("POST", f"{world.gateway}/v1/directory/im:vic@native.example/claim",
                         {}, signer=world.operator())[0] == 200
    assert vic.json("devices")[0]["one_time_left"] == 15
    vic.inbox()
    assert vic.json("devices")[0]["one_time_left"] == 100


def disclosed(person, handle):
    return {table["table"]: table["rows"] for table in person.json(
        "disclose", *person.world.as_operator(), handle)}


def test_all_that_is_held_is_disclosed(world):
    xena = world.person("xena", "im:xena@native.example")
    yuri = world.person("yuri", "im:yuri@native.example", "tel:+14155550177")
    sent = xena.send("im:yuri@native.example", "a text that is nowhere in what the gateway holds")
    until("the look-up is in the log", 10,
          lambda: any(row["handle"] == "im:yuri@native.example"
                      for row in disclosed(xena, "tel:+14155550177")["lookups"]))
    held = disclosed(xena, "tel:+14155550177")  # of all handles of the account
    message = held["messages"][0]
    assert message["message_id"] == sent["message_id"]
    assert message["sender"] == "im:xena@native.example"
    assert message["envelope"]["recipients"] == ["im:yuri@native.example"]
    assert message["envelope"]["ciphertext_octets"] > 0
    assert [row["state"] for row in held["deliveries"]] == ["waiting"]
    assert len(held["prekeys"]) == 100  # 99, and the last resort
    assert {row["handle"] for row in held["handles"]} == {"im:yuri@native.example",
                                                          "tel:+14155550177"}
    yuri.message()
    waits = disclosed(xena, "im:yuri@native.example")["items"]
    assert not [item for item in waits if item["message_seq"] == message["seq"]]
    assert not any(disclosed(xena, "im:unheard-of@native.example").values())
    words = xena.call("disclose", *world.as_operator(), "im:yuri@native.example")[1]
    assert "messages: messages from or to the handle" in words and "ciphertext_octets" in words
    assert "nothing of texts that wait" in words and "a text that is nowhere" not in words


def test_pins_that_are_dropped(world):
    yara = world.person("yara", "im:yara@native.example")
    assert yara.call("pins", *world.as_operator(), "drop", "sip:nobody@rcs.example")[0] == 3
    yara.json("lookup", "sip:bob@rcs.example")
    key = yara.json("pins", *world.as_operator(), "drop", "sip:bob@rcs.example")[0]
    assert key["handle"] == "sip:bob@rcs.example" and len(decode(key["account_key"])) == 32
    assert yara.call("pins", *world.as_operator(), "drop", "sip:bob@rcs.example")[0] == 3
    assert yara.call("pins", *world.as_operator(), "look", "sip:bob@rcs.example")[0] == 2
    assert b"pins.dropped" in (world.folder / "teald.log").read_bytes()


def test_following_while_sending_ends_with_ctrl_c(world):
    wes = world.person("wes", "im:wes@native.example")
    process = subprocess.Popen(wes.command("--json", "inbox", "--follow"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE})
    try:
        for text in ["one", "two", "three"]:
            sent = wes.send("im:wes@native.example", text)
            while True:
                item = json.loads(process.stdout.readline())
                if item["kind"] == "message":
                    break
            assert item["text"] == text and item["message_id"] == sent["message_id"]
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert len(wes.json("receipts")) == 3


def on_terminal(person, env, *args):
    """What it prints on a terminal."""
    main, side = pty.openpty()
    process = subprocess.Popen(person.command(*args), stdin=side, stdout=side, stderr=side,
                               env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE, **env})
    os.close(side)
    octets = b""
    while True:
        try:
            more = os.read(main, 4096)
        except OSError:
            break
        if not more:
            break
        octets += more
    os.close(main)
    assert process.wait(20) == 0, octets
    return octets.decode()


def test_colour_only_on_a_terminal(world):
    xia = world.person("xia", "im:xia@native.example")
    xia.send("im:xia@native.example", "hello")
    assert "\033[38;5;33m" in on_terminal(xia, {}, "inbox")
    shown = on_terminal(xia, {"NO_COLOR": "1"}, "receipts")
    assert "[38;5" not in shown and "E2EE" in shown, shown
    status, out, _ = xia.call("receipts")
    assert status == 0 and "\033" not in out and "E2EE" in out


def test_the_passphrase_is_asked_for_without_echo(world):
    main, side = pty.openpty()
    yan = world.person("yan", "im:yan@native.example")
    env = {k: v for k, v in os.environ.items() if k != "TEAL_PASSPHRASE"}
    process = subprocess.Popen(yan.command("devices"), stdin=side, stdout=side, stderr=side,
                               env=env, start_new_session=True,
                               preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0))
    os.close(side)
    shown = b""
    while b"Passphrase" not in shown:
        shown += os.read(main, 4096)
    os.write(main, PASSPHRASE.encode() + b"\n")
    try:
        while True:
            shown += os.read(main, 4096)
    except OSError:
        pass
    os.close(main)
    assert process.wait(20) == 0, shown
    assert PASSPHRASE.encode() not in shown and b"this one" in shown, shown


# ---- when answers are lost ---------------------------------------------------------------------

def test_a_lost_acknowledgement_shows_nothing_twice(world):
    liar = Liar(world)
    zoe = liar.person(world, "zoe", "im:zoe@native.example")
    zoe.send("im:zoe@native.example", "only once")
    liar.swallow = lambda method, path: (503, "text/plain", b"") if path.endswith("/ack") else None
    status, out, _ = zoe.call("--json", "inbox")
    assert status == 1 and "only once" in out, out
    liar.swallow = lambda method, path: None
    left = [i for i in zoe.json("inbox") if i["kind"] == "message"]
    assert left == []


def test_a_lost_answer_sends_nothing_twice(world):
    liar = Liar(world)
    abe = liar.person(world, "abe", "im:abe@native.example")
    lose = once(lambda method, path, status, body: path == "/v1/messages", lambda *_: None)

    def twist(method, path, status, body):
        lost, _ = lose(method, path, status, body)
        return None if lost else (status, body)
    liar.twist = twist
    sent = abe.send("im:abe@native.example", "only once")
    texts = [i["text"] for i in abe.inbox() if i["kind"] == "message"]
    assert texts == ["only once"]
    assert abe.receipt(sent["message_id"], status="ARRIVED")["verified"]


def test_a_receipt_verifies_though_the_sender_never_heard(world):
    """The answer is lost, and the gateway then gone, or without one: the device still knows what it
    sent."""
    liar = Liar(world)
    ugo = liar.person(world, "ugo", "im:ugo@native.example")
    posts = []
    busy = json.dumps({"type": "urn:teal:problem:overloaded", "title": "busy", "status": 503})

    def lose(method, path, status, body, what_then):
        if path != "/v1/messages" or status == 503:
            return status, body
        posts.append(status)
        what_then()
        return None

    def is_busy(method, path):
        taken = path == "/v1/messages" and posts
        return (503, "application/problem+json", busy.encode()) if taken else None

    for text, what_then, want in [("gone", liar.close, 4),
                                  ("busy", lambda: setattr(liar, "swallow", is_busy), 3)]:
        posts.clear()
        liar.twist = lambda *answer, then=what_then: lose(*answer, then)
        status, out, err = ugo.call("send", "--fallback=sms", f"tel:{PHONE}", "-", text=text)
        assert status == want and "may have been accepted" in err, (status, out, err)
        assert posts == [202]
        if what_then == liar.close:
            liar.open()
        liar.twist, liar.swallow = lambda m, p, status, body: (status, body), lambda m, p: None
        until("the phone", 20, lambda: text in str(world.phone(PHONE)))
        [sent] = [e for e in ugo.json("receipts") if e["to"] == [f"tel:{PHONE}"]][-1:]
        assert ugo.receipt(sent["message_id"], status="SENT")["verified"]


def test_a_full_disk_behind_standard_output_loses_nothing(world):
    bea = world.person("bea", "im:bea@native.example")
    bea.send("im:bea@native.example", "still there")
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(bea.command("inbox"), stdout=full, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE}, check=False)
    assert done.returncode == 1, done.stderr
    assert [i["text"] for i in bea.inbox() if i["kind"] == "message"] == ["still there"]


def test_stale_keys_are_sealed_again(world):
    liar = Liar(world)
    cal = liar.person(world, "cal", "im:cal@native.example")
    dan = world.person("dan", "im:dan@native.example")
    manifest = http_json("GET", f"{world.gateway}/v1/directory/{dan.handle}",
                         signer=world.operator())[1]["manifest"]
    problem = json.dumps({"type": "urn:teal:problem:keys-stale", "title": "Keys stale",
                          "status": 409, "detail": "REQ-MSG-9 stale", "remedy": "Seal again.",
                          "manifests": {dan.handle: manifest}}).encode()
    refuse = once(lambda method, path: path == "/v1/messages",
                  lambda *_: (409, "application/problem+json", problem))
    liar.swallow = lambda method, path: refuse(method, path)[1]
    status, _, err = cal.call("send", dan.handle, "sealed twice")
    assert status == 0 and "sealing again" in err, err
    assert dan.message(text="sealed twice")["verified"]
    liar.swallow = lambda method, path: (409, "application/problem+json", problem) \
        if path == "/v1/messages" else None
    answer = cal.send(dan.handle, "never", expect=3)
    assert answer["problem"]["type"].endswith("keys-stale")
    assert "never" not in json.dumps(cal.json("receipts"))


# ---- when the gateway lies ---------------------------------------------------------------------

def twist_json(path_part, change):
    def twist(method, path, status, body):
        if path_part in path and status == 200:
            answer = json.loads(body)
            change(answer)
            body = json.dumps(answer).encode()
        return status, body
    return twist


def test_what_was_changed_on_its_way_is_not_believed(world):
    liar = Liar(world)
    eli = liar.person(world, "eli", "im:eli@native.example")
    fay = world.person("fay", "im:fay@native.example")
    sent = fay.send(eli.handle, "the whole text")

    def change(answer):
        for item in answer["items"]:
            item["data"] = flipped(item["data"])  # the last octet is of a key hash
    liar.twist = twist_json("/v1/inbox?", change)
    items = eli.json("inbox", expect=6)
    assert [i["verified"] for i in items] == [False], items
    assert items[0]["level"] == "NONE" and items[0]["text"] is None
    liar.twist = lambda method, path, status, body: (status, body)
    assert eli.json("inbox") == [], "what did not verify still blocks the inbox"
    fay.receipt(sent["message_id"], status="ARRIVED")
    assert not [i for i in fay.seen if i["kind"] == "device-receipt"]


def test_a_receipt_that_was_changed_is_not_believed(world):
    liar = Liar(world)
    gil = liar.person(world, "gil", "im:gil@native.example")
    sent = gil.send(f"tel:{PHONE}", "to the phone", "--fallback=sms")
    until("the phone", 20, lambda: [m for m in world.phone(PHONE)
                                    if m["text"].endswith("to the phone")])
    device = gil.json("devices")[0]["device"]
    until("a receipt", 20, lambda: gil.ask("GET", f"/v1/inbox?device={device}")[1]["items"])

    def change(answer):
        for item in answer["items"]:
            item["data"] = flipped(item["data"])  # of the transcript hash
    liar.twist = twist_json("/v1/inbox?", change)
    status, out, _ = gil.call("inbox")
    assert status == 6 and "NOT VERIFIED" in out, out
    assert gil.json("receipts", sent["message_id"])[0]["receipts"] == []


def test_a_prekey_of_somebody_else_is_refused(world):
    liar = Liar(world)
    hal = liar.person(world, "hal", "im:hal@native.example")
    ida = world.person("ida", "im:ida@native.example")

    def change(answer):
        answer["prekeys"][0]["prekey"] = flipped(answer["prekeys"][0]["prekey"])
    liar.twist = twist_json("/claim", change)
    status, _, err = hal.call("send", ida.handle, "secret")
    assert status == 6 and "REQ-DIR" in err, err

    def leave_out(answer):
        answer["prekeys"] = []
    liar.twist = twist_json("/claim", leave_out)
    assert hal.call("send", ida.handle, "secret")[0] == 6
    assert hal.json("receipts") == []


def owner_of(world, handle, account):
    """The account that has the handle; from now on `account`, as only an operator can have it."""
    db = sqlite3.connect(world.folder / "state/teal.db", timeout=10)
    with contextlib.closing(db), db:
        row = db.execute("SELECT account FROM handles WHERE handle = ?", (handle,)).fetchone()
        db.execute("DELETE FROM handles WHERE handle = ?", (handle,))
        if account is not None:
            db.execute("INSERT INTO handles(handle, account) VALUES(?, ?)", (handle, account))
    return row and row[0]


def test_another_account_in_the_name_of_a_friend(world):
    liar = Liar(world)
    jan = liar.person(world, "jan", "im:jan@native.example")
    kai = world.person("kai", "im:kai@native.example")
    jan.send(kai.handle, "hello, Kai")
    owner = owner_of(world, kai.handle, None)
    world.person("another kai", kai.handle)
    ghost = owner_of(world, kai.handle, None)
    owner_of(world, kai.handle, ghost)
    found = jan.json("lookup", kai.handle, expect=6)[0]
    assert found["trust"] == "changed"
    status, _, err = jan.call("send", kai.handle, "secret")
    assert status == 6 and "HAS CHANGED" in err, err
    assert jan.json("lookup", "--accept-key-change", kai.handle)[0]["trust"] == "changed"
    assert jan.json("lookup", kai.handle)[0]["trust"] == "known"
    owner_of(world, kai.handle, owner)
    assert jan.json("lookup", kai.handle, expect=6)[0]["trust"] == "changed"
    assert jan.call("send", "--accept-key-change", kai.handle, "you again")[0] == 0
    kai.message(text="you again")

    with tempfile.TemporaryDirectory() as folder, World(folder, world.build) as evil:
        liar.swallow = lambda method, path: http(method, evil.gateway + path) \
            if path == "/v1/gateway" else None
        status, _, err = jan.call("send", "--fallback=sms", f"tel:{PHONE}", "for another gateway")
        assert status == 6 and "GATEWAY'S ACCOUNT KEY HAS CHANGED" in err, err


def main():
    passed = failed = 0
    tests = [item for item in globals().items() if item[0].startswith("test_")
             and (not sys.argv[1:] or any(w in item[0] for w in sys.argv[1:]))]
    with tempfile.TemporaryDirectory() as folder, World(folder, os.environ.get("TEAL_BUILD", "build/release")) as world:
        for name, test in tests:
            try:
                test(world)
                passed += 1
            except Exception:  # a test that fails says which one, and the others run
                failed += 1
                print(f"{name}\n{traceback.format_exc()}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
