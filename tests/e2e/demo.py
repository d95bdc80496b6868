#!/usr/bin/env python3
"""Teal's main job, for everybody to see: real messages between a native network, an RCS-like network
and an SMS centre, all on loopback, with the far side's view of each and a table that is checked, not
printed by hand. Then it serves until Ctrl-C."""
import argparse
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

from harness import PASSPHRASE, ROOT, World, until

PORTS = [8480, 8481, 2775, 8482]  # as in deploy/sandbox.conf
PHONE = "+4915112345678"
TEXTS = {
    "short": "Hello over there!",
    "long": "It was a bright cold day in April, and the clocks were striking thirteen. " * 5,
    "emoji": "Family 👨‍👩‍👧‍👦, flag 🇩🇪, thumbs 👍🏽, and tears of joy 😂",
    "right-to-left": "שלום עולם, مرحبا بالعالم",
}
COLOURS = {"native": 33, "rcs": 43, "plain": 214, "sms": 40}  # of the paths, as teal has them


def paint(text, colour):
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[38;5;{colour}m{text}\033[0m"


def title(text):
    print(f"\n{paint('──', 75)} {text}\n", flush=True)


class Table:
    """What was seen of each message, and whether all of it was as promised."""

    HEAD = ["message", "path", "level", "marked", "verified", "held"]

    def __init__(self):
        self.rows = []

    def add(self, message, path, level, marked, verified, held):
        self.rows.append([message, path, level, "yes" if marked else "no", verified,
                          "yes" if held else "NO"])

    def all_held(self):
        return bool(self.rows) and all(row[-1] == "yes" for row in self.rows)

    def show(self):
        width = [max(len(row[i]) for row in [self.HEAD] + self.rows) for i in range(len(self.HEAD))]
        line = "─┼─".join("─" * w for w in width)
        print(" │ ".join(h.ljust(w) for h, w in zip(self.HEAD, width)))
        print(line)
        for row in self.rows:
            text = " │ ".join(cell.ljust(w) for cell, w in zip(row, width))
            print(paint(text, COLOURS.get(row[1], 245)))


class Demo:
    def __init__(self, world):
        self.world = world
        self.table = Table()
        self.alice = self.noor = None

    def shown(self, person, *args):
        """Runs the command line as a person would, and shows it."""
        words = " ".join(f"'{a}'" if any(c in str(a) for c in " ,'") else str(a) for a in args)
        print(paint(f"{person.name}$ teal {words}", 252))
        status, out = person.watch(*args)
        print("".join(f"  {line}\n" for line in out.splitlines()), flush=True)
        return status, out

    def people(self):
        title("Two people join the native network, each with a device of their own")
        self.alice = self.world.person("alice", "im:alice@native.example", "tel:+14155550100")
        self.noor = self.world.person("noor", "im:noor@native.example")
        self.shown(self.alice, "devices")
        for handle in [self.noor.handle, "sip:bob@rcs.example", "sip:carol@rcs.example",
                       f"tel:{PHONE}"]:
            self.shown(self.alice, "lookup", handle)

    def sealed(self, name, send, receive, receipt, path):
        """One message that must stay end-to-end encrypted: far side's view and signed receipt."""
        text = TEXTS[name]
        message_id = send(text)
        got = receive(message_id)
        proof = receipt(message_id)
        held = got["text"] == text and got["verified"] and got["level"] == "E2EE" and \
            proof["verified"] and proof["level"] == "E2EE" and proof["path"] == path
        return proof, got, held

    def native_to_native(self):
        title("native → native: Alice writes to Noor")
        self.shown(self.alice, "send", self.noor.handle, "You can read this, and nobody between us can.")
        self.shown(self.noor, "inbox")
        self.shown(self.alice, "inbox")
        for name in TEXTS:
            proof, got, held = self.sealed(
                name, lambda text: self.alice.send(self.noor.handle, text)["message_id"],
                lambda i: self.noor.message(message_id=i),
                lambda i: self.alice.receipt(i, status="ARRIVED"), "native")
            self.table.add(f"Alice → Noor, {name}", proof["path"], proof["level"], proof["mark"],
                           "sender" if got["verified"] else "no", held)

    def native_to_rcs(self):
        title("native → RCS, end-to-end encrypted: Alice writes to Bob")
        self.shown(self.alice, "send", "sip:bob@rcs.example", "Across the border, still sealed.")
        bob = "sip:bob@rcs.example"

        def received(message_id):
            return until("Bob's network to show it", 20, lambda: next(
                (m for m in self.world.rcs_messages(bob) if m["message_id"] == message_id), None))
        for name in TEXTS:
            proof, got, held = self.sealed(
                name, lambda text: self.alice.send(bob, text)["message_id"], received,
                lambda i: self.alice.receipt(i, status="SENT"), "rcs")
            device = self.alice.wait_for("Bob's device's receipt", kind="device-receipt",
                                         message_id=got["message_id"])
            self.table.add(f"Alice → Bob, {name}", proof["path"], proof["level"], proof["mark"],
                           "sender" if got["verified"] else "no", held and device["verified"])
        print("  what Bob's phone shows:")
        for message in self.world.rcs_messages(bob)[:2]:
            print(f"    {message['from']}  [{message['level']}, "
                  f"{'signature verified' if message['verified'] else 'NOT VERIFIED'}]  {message['text'][:60]}")

    def rcs_to_native(self):
        title("RCS → native, end-to-end encrypted: Bob writes to Alice")
        bob = "sip:bob@rcs.example"
        self.world.rcs_send(bob, self.alice.handle, "Back over the border.")
        until("Bob's message", 20, lambda: "Back over" in self.shown(self.alice, "inbox")[1])

        def receipt(message_id):
            return until("Bob's network to get the receipt", 20, lambda: next(
                (r for r in self.world.rcs_receipts(bob)["receipts"]
                 if r["message_id"] == message_id and r["status"] == "ARRIVED"), None))
        for name in TEXTS:
            proof, got, held = self.sealed(
                name, lambda text: self.world.rcs_send(bob, self.alice.handle, text)["message_id"],
                lambda i: self.alice.message(message_id=i), receipt, "native")
            self.table.add(f"Bob → Alice, {name}", proof["path"], proof["level"], proof["mark"],
                           "sender" if got["verified"] else "no", held)

    def refused(self):
        title("native → SMS without consent: refused, and why")
        status, out = self.shown(self.alice, "send", f"tel:{PHONE}", "This must not leave in the clear.")
        answer = self.alice.send(f"tel:{PHONE}", "Nor this.", expect=3)
        held = status == 3 and answer["problem"]["type"].endswith("consent-missing") and \
            not self.world.phone(PHONE)
        self.table.add("Alice → phone, no consent", "none", "refused", False, "-", held)

    def native_to_sms(self):
        title("native → SMS with Alice's own consent: marked wherever it is seen")
        self.shown(self.alice, "send", "--fallback=sms", f"tel:{PHONE}", "Lunch at one?")
        until("the phone", 20, lambda: self.world.phone(PHONE))
        print(f"  what the phone shows:\n    {self.world.phone(PHONE)[0]['text']}\n")
        until("the receipt", 20, lambda: "PLAINTEXT" in self.shown(self.alice, "inbox")[1])
        for name, text in TEXTS.items():
            sent = self.alice.send(f"tel:{PHONE}", text, "--fallback=sms")
            proof = self.alice.receipt(sent["message_id"], status="SENT")
            self.alice.receipt(sent["message_id"], status="ARRIVED")
            shown = until("the phone", 20, lambda t=text: next(
                (m["text"] for m in self.world.phone(PHONE) if m["text"].endswith(t)), None))
            marked = shown == f"{proof['mark']} {text}" and proof["mark"]
            held = marked and proof["verified"] and proof["level"] == "PLAINTEXT" and \
                proof["path"] == "sms"
            self.table.add(f"Alice → phone, {name}", proof["path"], proof["level"], marked,
                           "receipt" if proof["verified"] else "no", held)

    def sms_to_native(self):
        title("SMS → native: shown green, and it can never pass as end-to-end encrypted")
        self.world.sms(PHONE, "+14155550100", "[E2EE] Trust me, I am Noor.")
        until("the SMS", 20, lambda: "Trust me" in self.shown(self.alice, "inbox")[1])
        for name, text in TEXTS.items():
            self.world.sms(PHONE, "+14155550100", text)
            got = self.alice.message(text=text, level="PLAINTEXT")
            held = got["claimed"] and got["from"] == f"tel:{PHONE}" and \
                got["origin"]["level"] == "PLAINTEXT" and got["origin"]["network"] == "sms"
            self.table.add(f"phone → Alice, {name}", "sms", got["level"], got["level"] != "E2EE",
                           "gateway, never the sender" if got["verified"] else "no",
                           held and got["verified"])

    def plain(self):
        title("native → RCS user without the extension: TRANSPORT, with consent, marked")
        carol = "sip:carol@rcs.example"
        refusal = self.alice.send(carol, "No consent.", expect=3)
        self.table.add("Alice → Carol, no consent", "none", "refused", False, "-",
                       refusal["problem"]["type"].endswith("consent-missing"))
        self.shown(self.alice, "send", "--fallback=rcs", carol, "Your network sees this one.")
        sent = self.alice.send(carol, TEXTS["emoji"], "--fallback=rcs")
        proof = self.alice.receipt(sent["message_id"], status="SENT")
        got = until("Carol", 20, lambda: next(
            (m for m in self.world.rcs_messages(carol) if m["text"].endswith(TEXTS["emoji"])), None))
        print(f"  what Carol's phone shows:\n    {got['text']}\n")
        marked = got["text"] == f"{proof['mark']} {TEXTS['emoji']}" and proof["mark"]
        self.table.add("Alice → Carol, emoji", proof["path"], proof["level"], marked,
                       "receipt" if proof["verified"] else "no",
                       marked and proof["level"] == "TRANSPORT" and proof["verified"])

    def show(self):
        self.people()
        self.native_to_native()
        self.native_to_rcs()
        self.rcs_to_native()
        self.refused()
        self.native_to_sms()
        self.sms_to_native()
        self.plain()
        title("Every message, as it was seen")
        self.table.show()
        return self.table.all_held()


def taken(ports):
    """Those of the ports on which somebody listens already."""
    busy = []
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                busy.append(port)
    return busy


def what_to_try(build, folder):
    teal = f"{build}/teal --home {folder}/alice"
    print(f"""
It keeps serving until Ctrl-C. In another terminal, in this folder:

  export TEAL_PASSPHRASE='{PASSPHRASE}'
  {teal} lookup sip:bob@rcs.example
  {teal} send sip:bob@rcs.example 'Hello, Bob'
  {teal} send --fallback=sms tel:{PHONE} 'Hello, phone'
  {teal} inbox --follow
  {teal} receipts
  URL=http://127.0.0.1:{PORTS[0]}/v1/directory/sip:bob@rcs.example
  {teal} sign GET $URL | curl -s -H @- $URL
  curl -s http://127.0.0.1:{PORTS[0]}/v1/gateway
  curl -s 'http://127.0.0.1:{PORTS[1]}/sandbox/messages?user=sip:bob@rcs.example'
  curl -s http://127.0.0.1:{PORTS[3]}/phones/%2B{PHONE[1:]}
  curl -s http://127.0.0.1:{PORTS[3]}/send -d '{{"from":"{PHONE}","to":"+14155550100","text":"Hi"}}'
""", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", default="build/release")
    options.add_argument("--once", action="store_true", help="end after the table, with a status")
    args = options.parse_args()
    if busy := taken(PORTS):
        sys.exit(f"teal: somebody listens on 127.0.0.1:{busy[0]} already; stop that and try again.")
    folder = ROOT / "sandbox"
    shutil.rmtree(folder, ignore_errors=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    held = False
    try:
        with World(folder, args.build, PORTS) as world:
            held = Demo(world).show()
            if not args.once and held:
                what_to_try(args.build, folder.relative_to(ROOT))
                stop.wait()
    except KeyboardInterrupt:
        print()
    except AssertionError as error:
        print(f"teal: {error}", file=sys.stderr)
        held = False
    print("All held." if held else "NOT all held: see the transcript and the logs in sandbox/.")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
