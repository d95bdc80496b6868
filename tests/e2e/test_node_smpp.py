#!/usr/bin/env python3
"""Another SMPP implementation on the other end: the npm package `smpp` as the centre that the gateway
binds to, and as an ESME of the sandbox centre. Skips, and says so, where node is missing or the
package cannot be had."""
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import cases
from harness import ROOT, World, free_port, http_json, until

NODE = ROOT / "tests/e2e/node"
ALICE, ALICE_NUMBER = "im:alice@native.example", "+14155550100"
PHONE = "+4915112345678"
SMS_MARK = "[SMS, not encrypted]"
ROK, RINVCMDID, RINVPASWD = 0, 3, 0xE
RECEIPT = 0x04
TURKISH = "250101"  # locking shift


def missing():
    """Why there is no peer; installs the package where it can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    if (NODE / "node_modules/smpp/package.json").exists():
        return None
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                               "--fetch-retries=1", "--fetch-timeout=20000"], cwd=NODE,
                              capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return "npm ci did not end in two minutes"
    return None if done.returncode == 0 else f"npm ci failed: {done.stderr.strip()[:300]}"


class Node:
    """The script peer.js, and all that it has said."""

    def __init__(self, how, port, log=subprocess.DEVNULL):
        self.process = subprocess.Popen(["node", NODE / "peer.js", how, str(port)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.said, self.waiting = [], queue.Queue()
        self.sequence = 1000
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.waiting.put(json.loads(line))

    def drain(self):
        while not self.waiting.empty():
            self.said.append(self.waiting.get())
        return self.said

    def find(self, **members):
        return [i for i in self.drain() if all(i.get(k) == v for k, v in members.items())]

    def expect(self, count=1, seconds=20, **members):
        """The first `count` things with these members."""
        return until(f"node to hear {count} of {members}", seconds,
                     lambda: len(found := self.find(**members)) >= count and found[:count])

    def send(self, command, **fields):
        """Sends a request and returns what answers it."""
        self.sequence += 1
        self.say(command=command, sequence_number=self.sequence, **fields)
        return until(f"an answer to node's {command}", 20, lambda: [
            i for i in self.drain() if i.get("sequence_number") == self.sequence and
            i["command_id"] & 0x80000000])[0]

    def say(self, **fields):
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(20)


def text_of(units):
    """What the package has read of a text's units, put together by their header."""
    def place(unit):
        for element in unit["short_message"].get("udh", []):
            if element["hex"].startswith("0003"):
                return int(element["hex"][8:10], 16)
        return 1
    return "".join(unit["short_message"]["message"] for unit in sorted(units, key=place))


# ---- node is the centre --------------------------------------------------------------------------


class NodeWorld(World):
    """A world whose SMS centre is node's. There is no RCS network."""

    def start_smsc(self):
        self.node = Node("listen", self.smpp_port)
        self.node.expect(event="listening")

    def start_rcs(self):
        pass

    def smsc_state(self):
        return {"bound": bool(self.node.find(command="bind_transceiver"))}

    def close(self):
        super().close()
        if hasattr(self, "node"):
            self.node.close()


def gateway_binds(world, _):
    [bind] = world.node.find(command="bind_transceiver")
    assert (bind["system_id"], bind["password"]) == ("teal", "sandbox1"), bind
    assert bind["interface_version"] == 0x34


def gateway_sends(world, alice):
    texts = {"ASCII": ("Hello from the gateway", 1),
             "extension table": ("[€] {a|b} ~^\\ é Δ", 1),
             "UCS-2": ("Привет 😀", 1),
             "long": ("the quick brown fox €5 " * 14, 3),
             "long in UCS-2": ("съешь ещё этих булок 😀 " * 8, 4)}
    for n, (name, (text, total)) in enumerate(texts.items()):
        number = f"49151000000{n}"
        sent = alice.send(f"tel:+{number}", text, "--fallback=sms")
        units = world.node.expect(total, command="submit_sm", destination_addr=number)
        assert text_of(units) == f"{SMS_MARK} {text}", (name, text_of(units))
        for unit in units:
            assert (unit["dest_addr_ton"], unit["dest_addr_npi"]) == (1, 1), unit
            assert (unit["source_addr"], unit["registered_delivery"]) == ("14155550000", 1), unit
            assert unit["data_coding"] == (8 if "UCS" in name else 0), (name, unit)
        receipt = alice.receipt(sent["message_id"], status="SENT")
        assert receipt["segments"] == total, receipt


def gateway_reads_receipts(world, alice):
    sent = alice.send("tel:+4915100001", "Did it arrive?", "--fallback=sms")
    world.node.expect(command="submit_sm", destination_addr="4915100001")
    alice.receipt(sent["message_id"], status="SENT")
    ids = len(world.node.find(command="submit_sm"))
    answer = world.node.send(
        "deliver_sm", source_addr="4915100001", destination_addr="14155550000", esm_class=RECEIPT,
        short_message=f"id:node-{ids} sub:001 dlvrd:001 submit date:2611240900 done date:2611240901 "
                      "stat:DELIVRD err:000 text:", receipted_message_id=f"node-{ids}",
        message_state=2)
    assert answer["command_status"] == ROK, answer
    assert alice.receipt(sent["message_id"], status="ARRIVED")["verified"]


def gateway_receives(world, alice):
    turkish = "ığüşöç ĞÜŞİÖÇ €"
    rows = {
        "ASCII": {"short_message": "Hello from node"},
        "extension table": {"short_message": "[€] {a|b} ~^\\"},
        "UCS-2": {"short_message": "Привет 😀", "data_coding": 8},
        "message_payload": {"message_payload": {"message": "in a parameter"}, "short_message": ""},
        "Turkish": {"short_message": {"udh": {"hex": "03" + TURKISH}, "message": turkish}},
    }
    for n, (name, fields) in enumerate(rows.items()):
        number = f"49152000000{n}"
        answer = world.node.send("deliver_sm", source_addr_ton=1, source_addr_npi=1,
                                 source_addr=number, dest_addr_ton=1, dest_addr_npi=1,
                                 destination_addr=ALICE_NUMBER[1:], **fields)
        assert answer["command_status"] == ROK, (name, answer)
        got = alice.message(**{"from": f"tel:+{number}"})
        text = fields["short_message"] or fields["message_payload"]["message"]
        assert got["text"] == (text if isinstance(text, str) else text["message"]), (name, got)
        assert got["claimed"] and got["level"] == "PLAINTEXT", got


def gateway_receives_parts(world, alice):
    """The last first, each with its own alphabet: the first default, the second Turkish."""
    parts = [("050003070301", "first, "), ("080003070302" + TURKISH, "ikincisi ışıl ışıl, "),
             ("050003070303", "third")]
    for udh, message in reversed(parts):
        world.node.say(command="deliver_sm", sequence_number=9000 + len(message),
                       source_addr_ton=1, source_addr_npi=1, source_addr="49152111",
                       dest_addr_ton=1, dest_addr_npi=1, destination_addr=ALICE_NUMBER[1:],
                       short_message={"udh": {"hex": udh}, "message": message})
    got = alice.message(**{"from": "tel:+49152111"})
    assert got["text"] == "".join(message for _, message in parts), got
    world.node.expect(3, command="deliver_sm_resp", command_status=ROK)


def gateway_receives_data_sm(world, alice):
    answer = world.node.send("data_sm", source_addr_ton=1, source_addr_npi=1,
                             source_addr="4915333", dest_addr_ton=1, dest_addr_npi=1,
                             destination_addr=ALICE_NUMBER[1:], data_coding=0,
                             message_payload={"message": "by data_sm"})
    assert (answer["command"], answer["command_status"]) == ("data_sm_resp", ROK), answer
    assert alice.message(**{"from": "tel:+4915333"})["text"] == "by data_sm"


def gateway_answers_what_it_does_not_serve(world, _):
    assert world.node.send("enquire_link")["command_status"] == ROK
    answer = world.node.send("query_sm", message_id="1", source_addr="1")
    assert (answer["command"], answer["command_status"]) == ("generic_nack", RINVCMDID), answer
    world.node.say(command="alert_notification", source_addr="1", esme_addr="2")
    assert world.node.send("enquire_link")["command_status"] == ROK


def gateway_binds_again(world, alice):
    answer = world.node.send("unbind")
    assert answer["command_status"] == ROK
    world.node.expect(2, command="bind_transceiver")
    sent = alice.send("tel:+4915144", "again", "--fallback=sms")
    world.node.expect(command="submit_sm", destination_addr="4915144")
    alice.receipt(sent["message_id"], status="SENT")


def centre_tests(counts, folder):
    world = NodeWorld(folder / "centre", "build/asan",
                      settings={"sms": {"reconnect_first_ms": 100}})
    people = []
    try:
        if counts.case("starts", lambda: people.append(
                world.start().person("alice", ALICE, f"tel:{ALICE_NUMBER}"))):
            for test in [gateway_binds, gateway_sends, gateway_reads_receipts, gateway_receives,
                         gateway_receives_parts, gateway_receives_data_sm,
                         gateway_answers_what_it_does_not_serve, gateway_binds_again]:
                counts.case(test.__name__, lambda run=test: run(world, people[0]))
        counts.case("ends_well", lambda: cases.ends_well(world))
    finally:
        world.close()


# ---- node is the ESME ----------------------------------------------------------------------------


class Centre:
    """The sandbox centre, and node bound to it."""

    def __init__(self, folder):
        self.smpp, self.http = free_port(), free_port()
        self.log = open(folder / "smsc.log", "wb")
        self.process = subprocess.Popen(
            [ROOT / "build/asan/peers/smsc", "--smpp-port", str(self.smpp), "--http-port",
             str(self.http), "--system-id", "teal", "--password", "sandbox1"],
            stdout=subprocess.PIPE, stderr=self.log)
        assert self.process.stdout.readline().startswith(b"ready")
        self.node = Node("connect", self.smpp)
        self.node.expect(event="connected")

    def phone(self):
        url = f"http://127.0.0.1:{self.http}/phones/%2B{PHONE[1:]}"
        return http_json("GET", url)[1]["messages"]

    def submit(self, **fields):
        return self.node.send("submit_sm", source_addr_ton=1, source_addr_npi=1,
                              source_addr="14155550000", dest_addr_ton=1, dest_addr_npi=1,
                              destination_addr=PHONE[1:], **fields)

    def close(self):
        self.node.close()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.log.close()
        assert status == 0, f"the centre ended with status {status}"


def node_binds(centre):
    wrong = centre.node.send("bind_transceiver", system_id="teal", password="wrong")
    assert wrong["command_status"] == RINVPASWD, wrong
    bound = centre.node.send("bind_transceiver", system_id="teal", password="sandbox1",
                             interface_version=0x34)
    assert bound["command_status"] == ROK, bound


def node_sends(centre):
    rows = [("Hello from node", {}), ("[€] {a|b} ~^\\ é Δ", {}), ("Привет 😀", {"data_coding": 8}),
            ("İğşç ıŞ", {"udh": "03" + TURKISH})]
    for text, fields in rows:
        udh = fields.pop("udh", None)
        message = {"udh": {"hex": udh}, "message": text} if udh else text
        answer = centre.submit(short_message=message, **fields)
        assert answer["command_status"] == ROK and answer["message_id"], (text, answer)
        assert centre.phone()[-1]["text"] == text, (text, centre.phone()[-1])


def node_sends_parts(centre):
    for seq, text in [(2, "ikincisi ışıl"), (1, "first, ")]:
        shift = "" if seq == 1 else TURKISH
        header = f"{5 + len(shift) // 2:02x}00034202{seq:02x}{shift}"
        answer = centre.submit(short_message={"udh": {"hex": header}, "message": text})
        assert answer["command_status"] == ROK, answer
    assert centre.phone()[-1]["text"] == "first, ikincisi ışıl", centre.phone()[-1]


def node_gets_receipts(centre):
    answer = centre.submit(short_message="asks for a receipt", registered_delivery=1)
    [receipt] = centre.node.expect(command="deliver_sm", esm_class=RECEIPT)
    assert receipt["receipted_message_id"] == answer["message_id"], (receipt, answer)
    assert receipt["message_state"] == 2
    assert f"id:{answer['message_id']}" in receipt["short_message"]["message"], receipt


def node_receives(centre):
    for n, text in enumerate(["Grüße €5", "Привет 😀", "the quick brown fox " * 20]):
        sender = f"4915200{n}"
        answer = http_json("POST", f"http://127.0.0.1:{centre.http}/send",
                           {"from": f"+{sender}", "to": ALICE_NUMBER, "text": text})[1]
        assert answer["accepted"], answer
        count = 3 if n == 2 else 1
        units = centre.node.expect(count, command="deliver_sm", source_addr=sender)
        assert text_of(units) == text, (text, units)
    assert len(centre.node.find(command="deliver_sm", source_addr=sender)) == count


def node_is_told_what_is_not_served(centre):
    answer = centre.node.send("query_sm", message_id="1", source_addr="1")
    assert (answer["command"], answer["command_status"]) == ("generic_nack", RINVCMDID), answer
    assert centre.node.send("enquire_link")["command_status"] == ROK
    assert centre.node.send("unbind")["command_status"] == ROK
    centre.node.expect(event="close")


ESME_TESTS = [node_binds, node_sends, node_sends_parts, node_gets_receipts, node_receives,
              node_is_told_what_is_not_served]


def esme_tests(counts, folder):
    centre = Centre(folder)
    try:
        for test in ESME_TESTS:
            counts.case(test.__name__, lambda run=test: run(centre))
    finally:
        counts.case("centre_ends_well", centre.close)


def main():
    for variable, value in cases.SANITIZERS.items():
        os.environ.setdefault(variable, value)
    why = missing()
    if why:
        print(f"skipped: {why}")
        print("0 passed, 0 failed, 1 skipped")
        return
    counts = cases.Counts()
    folder = Path(tempfile.mkdtemp(prefix="teal-"))
    try:
        centre_tests(counts, folder)
        esme_tests(counts, folder)
    finally:
        if counts.failed:
            for log in sorted(folder.rglob("*.log")):
                lines = log.read_text(errors="replace").splitlines()
                print(f"---- the end of {log.name}\n" + "\n".join(lines[-40:]))
        shutil.rmtree(folder)
    print(f"{counts.passed} passed, {counts.failed} failed")
    sys.exit(1 if counts.failed else 0)


if __name__ == "__main__":
    main()
