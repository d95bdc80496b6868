#!/usr/bin/env python3
"""The processes: only one of them ever holds a text (I8), each can be killed at any time without a
message lost or sent twice (I7), and all of them start and end as an operator expects."""
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import cases
import memory
from harness import PASSPHRASE, PATIENCE_S, World, free_port, until

BOB, CAROL, ALICE_NUMBER = "sip:bob@rcs.example", "sip:carol@rcs.example", "+14155550100"
SETTINGS = {
    "gateway": {"log_level": "debug"},
    "queue": {"retry_first_ms": 100, "retry_max_ms": 400, "peer_timeout_ms": 2000},
    "sms": {"reconnect_first_ms": 100},
}

# No octets of its own are like it, and its form differs in every encoding that it travels in.
MARKER = "jäger@fünf_quarz£7093"
GSM7 = {"ä": 0x7B, "@": 0x00, "ü": 0x7E, "_": 0x11, "£": 0x01}
FORMS = {
    "UTF-8": MARKER.encode(),
    "UTF-16BE": MARKER.encode("utf-16-be"),
    "UTF-16LE": MARKER.encode("utf-16-le"),
    "UTF-32": MARKER.encode("utf-32-le"),
    "GSM 7 bit": bytes(GSM7.get(c, ord(c)) for c in MARKER),
}


IS_ROOT = os.geteuid() == 0  # nobody else can look into the room


class Stage:
    def __init__(self, world):
        self.world = world
        self.alice = world.person("alice", "im:alice@native.example", f"tel:{ALICE_NUMBER}")
        self.noor = world.person("noor", "im:noor@native.example")
        self.phones = 0

    def phone(self):
        self.phones += 1
        return f"+4915200000{self.phones:03}"

    def kill(self, name):
        """Without a warning; returns when it runs again and serves."""
        pid = self.world.child(name)
        os.kill(pid, signal.SIGKILL)
        until(f"{name} to be started again", PATIENCE_S,
              lambda: self.world.child(name) not in (None, pid) and self.world.ready())

    def inbox_texts(self, person):
        person.inbox()
        return [i["text"] for i in person.seen if i["kind"] == "message"]


def texts(messages):
    return Counter(m["text"] for m in messages)


def secrets_of(world):
    """What stands in the room's key file (gateway/key_file.c)."""
    octets = (world.folder / "state/plaintext.key").read_bytes()
    assert octets.startswith(b"TEALKEY\x02p") and len(octets) == 9 + 16 + 32 + 1 + 32 + 8 + 16
    return {"signing seed": octets[25:57], "downgrade key": octets[58:90]}


# ---- I8 ------------------------------------------------------------------------------------------


def test_scanner_finds_what_is_there(s):
    """The proof that the next test could fail."""
    assert memory.in_process(os.getpid(), FORMS)[0] == set(FORMS)
    sent = s.alice.send(s.noor.handle, "found by its id")
    needles = {"id": sent["message_id"].encode()}
    assert memory.in_process(s.world.child("edge"), needles)[0] == {"id"}
    assert memory.in_files(s.world.folder / "state", needles)
    if IS_ROOT:
        room = s.world.child("plaintext")
        assert "downgrade key" in memory.in_process(room, secrets_of(s.world))[0]


def messages_every_way(s, number, failures):
    """Each with the marker, and once more with a character that GSM 7 bit lacks."""
    try:
        for text in (MARKER, MARKER + " 😂", f"{MARKER} " * 12):
            s.alice.send(s.noor.handle, text)
            s.alice.send(BOB, text)
            s.alice.send(f"tel:{number}", text, "--fallback=sms")
            s.alice.send(CAROL, text, "--fallback=rcs")
            assert s.world.rcs_send(BOB, s.alice.handle, text)["status"] == 202
            assert s.world.sms(number, ALICE_NUMBER, text)["accepted"]
            s.noor.message(text=text)
            s.alice.message(text=text, level="PLAINTEXT")
            s.alice.message(text=text, level="E2EE")
    except Exception as error:  # told by the thread that waits
        failures.append(error)


def test_edge_never_holds_a_text(s):
    number, failures, found, scans = s.phone(), [], set(), 0
    needles = {**FORMS, **secrets_of(s.world)}
    flow = threading.Thread(target=messages_every_way, args=(s, number, failures))
    flow.start()
    while flow.is_alive():
        found |= memory.in_process(s.world.child("edge"), needles)[0]
        scans += 1
    flow.join()
    assert not failures, failures
    until("all on the phone", PATIENCE_S, lambda: len(s.world.phone(number)) == 3)
    for pid in (s.world.child("edge"), s.world.processes["teald"].pid):
        more, looked_at = memory.in_process(pid, needles)
        found |= more
        assert looked_at > 1 << 20, looked_at
    assert found == set() and scans > 3, (found, scans)


def test_nothing_on_the_disk_holds_a_text(s):
    number = s.phone()
    s.world.stop("smsc")  # so that one text has to wait
    s.alice.send(f"tel:{number}", MARKER, "--fallback=sms")
    state = s.world.folder / "state"
    needles = {**FORMS, **secrets_of(s.world)}
    assert memory.in_files(state, needles) == \
        {("plaintext.key", "downgrade key"), ("plaintext.key", "signing seed")}
    s.world.start_smsc()
    until("the phone", PATIENCE_S, lambda: s.world.phone(number))
    log = (s.world.folder / "teald.log").read_bytes()
    assert b" debug " in log
    held = [name for name, octets in needles.items() if octets in log]
    assert not held and b"alice@" not in log and ALICE_NUMBER.encode() not in log, held


def test_confinement(s):
    titles = {"edge": "teald: edge", "plaintext": "teald: plaintext"}
    for name, title in titles.items():
        proc = Path(f"/proc/{s.world.child(name)}")
        assert (proc / "comm").read_text() == title[:15] + "\n"
        assert (proc / "cmdline").read_bytes().split(b"\0")[0] == title.encode()
        assert "NoNewPrivs:\t1\n" in (proc / "status").read_text()
    proc = Path(f"/proc/{s.world.child('plaintext')}")
    [core] = [l for l in (proc / "limits").read_text().splitlines() if "core file size" in l]
    assert core.split()[4:6] == ["0", "0"], core
    if not IS_ROOT:
        for name in ("mem", "environ"):
            try:
                (proc / name).open("rb").close()
            except PermissionError:
                continue
            raise AssertionError(f"its own user can read {name} of the room")


def descriptors(pid):
    return {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}


def test_descriptors(s):
    """A process has what it opened itself, its channel and the log; nothing of who started it."""
    s.world.stop("teald")
    with open(s.world.folder / "inherited", "w+b") as inherited:
        s.world.start_gateway(pass_fds=[inherited.fileno()])
        name = str(s.world.folder / "inherited")
        assert name in descriptors(s.world.processes["teald"].pid)
        held = {child: descriptors(s.world.child(child))
                for child in (["edge", "plaintext"] if IS_ROOT else ["edge"])}
        s.world.stop("teald")
    s.world.start_gateway()
    for child, files in held.items():
        assert name not in files, (child, files)
        assert not [f for f in files if f.endswith(".key")], (child, files)
        assert any("teal.db" in f for f in files) == (child == "edge"), (child, files)


# ---- killed at any time --------------------------------------------------------------------------


class Sender(threading.Thread):
    """Has Alice send until it is stopped, and keeps what the command line said of each text."""

    def __init__(self, s, to, *options):
        super().__init__()
        self.s, self.to, self.options = s, to, options
        self.accepted, self.failed, self.unexpected = [], [], []
        self.stopping = threading.Event()
        self.start()

    def run(self):
        n = 0
        while not self.stopping.is_set():
            n += 1
            text = f"{self.to[-12:]} {self.options} {n}"
            status, out, err = self.s.alice.call("send", *self.options, self.to, "-", text=text)
            if status == 0:
                self.accepted.append(text)
            elif status in (3, 4):  # refused for now, or nobody answered
                self.failed.append(text)
            else:
                self.unexpected.append((status, out, err))

    def flow(self):
        """Until one more is accepted, and into any part of what comes after it."""
        before = len(self.accepted)
        until("a text to be accepted", PATIENCE_S, lambda: len(self.accepted) > before)
        time.sleep(0.4 * random.random())

    def stop(self):
        self.stopping.set()
        self.join()
        assert not self.unexpected, self.unexpected
        assert self.accepted, "nothing was accepted"


def once(name, sender, seen):
    """All that was accepted was seen once; what failed at most once; nothing else."""
    counts = Counter(text for text in seen if text in sender.accepted + sender.failed)
    lost = [text for text in sender.accepted if counts[text] == 0]
    double = [text for text, n in counts.items() if n > 1]
    assert not lost and not double, (name, lost, double)


def test_edge_killed(s):
    """While messages flow and while others wait for a network that is away."""
    s.world.rcs_behave("unavailable")
    waiting = [s.alice.send(BOB, f"waits for Bob {i}") for i in range(3)]
    sender = Sender(s, s.noor.handle)
    for _ in range(3):
        sender.flow()
        s.kill("edge")
    sender.stop()
    s.world.rcs_behave("normal")
    for sent in waiting:
        s.alice.receipt(sent["message_id"], status="SENT")
    shown = texts(s.world.rcs_messages(BOB))
    assert [shown[f"waits for Bob {i}"] for i in range(3)] == [1, 1, 1], shown
    until("all for Noor", PATIENCE_S, lambda: set(sender.accepted) <= set(s.inbox_texts(s.noor)))
    once("Noor", sender, s.inbox_texts(s.noor))


def test_edge_killed_while_sms_flow(s):
    number = s.phone()
    sender = Sender(s, f"tel:{number}", "--fallback=sms")
    for _ in range(3):
        sender.flow()
        s.kill("edge")
    sender.stop()
    marked = [f"[SMS, not encrypted] {text}" for text in sender.accepted]
    until("all on the phone", PATIENCE_S,
          lambda: set(marked) <= {m["text"] for m in s.world.phone(number)})
    assert max(texts(s.world.phone(number)).values()) == 1, s.world.phone(number)


def test_room_killed(s):
    """What was on its way may have arrived, and the sender is told so; it never goes twice."""
    number = s.phone()
    before = s.alice.send(f"tel:{number}", "before", "--fallback=sms")
    s.alice.receipt(before["message_id"], status="ARRIVED")  # nothing older is on its way
    s.world.smsc_behave(submit="stall", times=1)
    submits = s.world.smsc_state()["submits"]
    lost = s.alice.send(f"tel:{number}", "on its way", "--fallback=sms")
    until("the centre to have it", PATIENCE_S, lambda: s.world.smsc_state()["submits"] > submits)
    s.kill("plaintext")
    receipt = s.alice.receipt(lost["message_id"], status="OUTCOME_UNKNOWN")
    assert receipt["verified"] and receipt["level"] == "PLAINTEXT", receipt
    after = s.alice.send(f"tel:{number}", "afterwards", "--fallback=sms")
    s.alice.receipt(after["message_id"], status="ARRIVED")
    assert texts(s.world.phone(number)) == {"[SMS, not encrypted] before": 1,
                                            "[SMS, not encrypted] afterwards": 1}


def test_room_killed_while_sms_flow(s):
    number = s.phone()
    sender = Sender(s, f"tel:{number}", "--fallback=sms")
    answers = []
    for i in range(3):
        sender.flow()
        coming = threading.Thread(target=lambda i=i: answers.append(
            s.world.sms(number, ALICE_NUMBER, f"inbound {number} {i}")))
        coming.start()
        s.kill("plaintext")
        coming.join()
    sender.stop()
    assert all(a["accepted"] for a in answers), answers
    until("the inbound ones", PATIENCE_S, lambda: {f"inbound {number} {i}" for i in range(3)} <=
          set(s.inbox_texts(s.alice)))
    ours = {e["message_id"] for e in s.alice.json("receipts") if e["to"] == [f"tel:{number}"]}
    assert len(ours) >= len(sender.accepted)

    def with_receipt():
        s.alice.inbox()
        return ours & {i["message_id"] for i in s.alice.seen if i["kind"] == "receipt"}
    until("a receipt for each", PATIENCE_S, lambda: len(with_receipt()) >= len(sender.accepted))
    shown = texts(s.world.phone(number))
    assert max(shown.values()) == 1, shown
    unknown = ours & {i["message_id"] for i in s.alice.seen
                      if i.get("status") == "OUTCOME_UNKNOWN"}
    missing = [t for t in sender.accepted if shown[f"[SMS, not encrypted] {t}"] == 0]
    assert len(missing) <= len(unknown), (missing, unknown)  # nothing is lost without a word


def runs(pid):
    """Who has ended, but was not waited for, does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_all_killed(s):
    """The supervisor gone, its children go too; what was accepted is there when it is back."""
    s.world.rcs_behave("unavailable")
    sent = [s.alice.send(s.noor.handle, "before the crash"), s.alice.send(BOB, "before the crash")]
    children = [s.world.child("edge"), s.world.child("plaintext")]
    s.world.stop("teald", signal.SIGKILL)
    until("the others to end", PATIENCE_S, lambda: not any(runs(pid) for pid in children))
    s.world.start_gateway()
    s.world.rcs_behave("normal")
    assert s.noor.message(message_id=sent[0]["message_id"])["text"] == "before the crash"
    s.alice.receipt(sent[1]["message_id"], status="SENT")
    assert texts(s.world.rcs_messages(BOB))["before the crash"] == 1


# ---- started and stopped -------------------------------------------------------------------------


def test_stopped_as_asked(s):
    """SIGTERM, SIGINT: status 0; all that was accepted is there after a start."""
    number = s.phone()
    for how in (signal.SIGTERM, signal.SIGINT):
        text = f"over a restart by {how.name}"
        s.world.stop("smsc")
        s.world.rcs_behave("unavailable")
        sms = s.alice.send(f"tel:{number}", text, "--fallback=sms")
        native, rcs = s.alice.send(s.noor.handle, text), s.alice.send(BOB, text)
        assert s.world.stop("teald", how) == 0
        s.world.start_smsc()
        s.world.start_gateway()
        s.world.rcs_behave("normal")
        assert s.noor.message(message_id=native["message_id"])["text"] == text
        s.alice.receipt(rcs["message_id"], status="SENT")
        s.alice.receipt(sms["message_id"], status="ARRIVED")
        assert texts(s.world.rcs_messages(BOB))[text] == 1
        assert [m["text"] for m in s.world.phone(number)] == [f"[SMS, not encrypted] {text}"]


def test_stops_while_somebody_waits(s):
    waiting = subprocess.Popen(s.noor.command("inbox", "--wait=30"), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE})
    time.sleep(1)
    assert s.world.stop("teald", seconds=25) == 0  # before the wait would have ended
    said = (s.world.folder / "teald.log").read_bytes()[s.world.said["teald"]:]
    assert b"process.killed" not in said
    waiting.wait(PATIENCE_S)
    s.world.start_gateway()


def teald(s, *arguments):
    done = subprocess.run([s.world.build / "teald", *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_arguments(s):
    for arguments in [[], ["--sing"], ["a", "b"], ["--init"], ["--init", "--check-config", "x"],
                      ["--process", "edge", s.world.config], ["--process", "x", s.world.config]]:
        status, _, err = teald(s, *arguments)
        assert status == 64 and err.count("\n") == 1 and "Run teald" in err, (arguments, err)
    for option, word in [("--version", "teald "), ("--help", "--check-config")]:
        status, out, err = teald(s, option)
        assert (status, err) == (0, "") and word in out, option


def test_configuration(s):
    status, out, err = teald(s, "--check-config", s.world.config)
    assert (status, err) == (0, "") and str(s.world.config) in out
    good = s.world.config.read_text().splitlines()
    path = s.world.folder / "broken.conf"

    def line_of(start):
        return next(i for i, line in enumerate(good) if line.startswith(start))
    rows = [
        ("unknown key", "workers", "wrokers = 4", "wrokers"),
        ("unknown section", "[queue]", "[kew]", "kew"),
        ("no number", "workers", "workers = many", "workers"),
        ("out of range", "max_segments", "max_segments = 256", "max_segments"),
        ("not loopback", "listen", "listen = 0.0.0.0:8480", "REQ-REST-5"),
        ("empty mark", "sms_mark", "sms_mark =", "sms_mark"),
        ("no handle", "handle", "handle = alice", "handle"),
        ("no =", "workers", "workers", "="),
    ]
    for name, start, instead, word in rows:
        at = line_of(start)
        path.write_text("\n".join(good[:at] + [instead] + good[at + 1:]) + "\n")
        for arguments in (["--check-config", path], [path]):
            status, _, err = teald(s, *arguments)
            assert status == 78, (name, status)
            assert err.startswith(f"{path}:{at + 1}: ") and word in err, (name, err)
    status, _, err = teald(s, "--check-config", s.world.folder / "nowhere.conf")
    assert status == 78 and "nowhere.conf" in err


def another(s, name, **settings):
    """A world beside the first, made but not started."""
    other = World(s.world.folder / name, "build/asan", peers=False, settings=settings)
    other.folder.mkdir()
    other.write_config()
    return other


def test_started_without_a_state(s):
    other = another(s, "stateless")
    status, _, err = teald(s, other.config)
    assert status == 78 and f"teald --init {other.config}" in err, err
    assert teald(s, "--init", other.config)[0] == 0
    state = other.folder / "state"
    kept = {p.name: p.read_bytes() for p in state.glob("*.key")}
    assert set(kept) == {"account.key", "edge.key", "operator.key", "plaintext.key"}
    assert all(p.stat().st_mode & 0o077 == 0 for p in [state, *state.glob("*.key")])
    status, _, err = teald(s, "--init", other.config)
    assert status == 78 and "nothing was changed" in err, err
    assert {p.name: p.read_bytes() for p in state.glob("*.key")} == kept
    for name, damage in [("plaintext.key", lambda p: p.write_bytes(p.read_bytes()[:-1])),
                         ("edge.key", lambda p: p.chmod(0o644)),
                         ("edge.key", lambda p: shutil.copy(state / "plaintext.key", p)),
                         ("gateway.manifest", lambda p: p.unlink()),
                         ("teal.db", lambda p: p.unlink())]:
        octets, mode = (state / name).read_bytes(), (state / name).stat().st_mode
        damage(state / name)
        status, _, err = teald(s, other.config)
        assert status == 78 and name in err, (name, status, err)
        (state / name).write_bytes(octets)
        (state / name).chmod(mode)
    state.chmod(0o755)
    status, _, err = teald(s, other.config)
    assert status == 78 and "chmod 700" in err, err


def test_port_taken(s):
    """By another teald, and by anybody; who is there already goes on."""
    other = another(s, "second", gateway={"listen": f"127.0.0.1:{s.world.gateway_port}"})
    other.run([other.build / "teald", "--init", other.config])
    status, _, err = teald(s, other.config)
    assert status == 78 and str(s.world.gateway_port) in err, (status, err)
    assert s.world.ready()
    with socket.create_server(("127.0.0.1", port := free_port())):
        third = another(s, "third", gateway={"listen": f"127.0.0.1:{port}"})
        third.run([third.build / "teald", "--init", third.config])
        status, _, err = teald(s, third.config)
        assert status == 78 and str(port) in err, (status, err)


def test_one_teald_for_a_state(s):
    """Two that write into one store would each deliver what is in it."""
    twin = another(s, "twin", gateway={"state": str(s.world.folder / "state")},
                   store={"url": str(s.world.folder / "state/teal.db")})
    process = subprocess.Popen([twin.build / "teald", twin.config], stderr=subprocess.PIPE,
                               text=True)
    try:
        _, err = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate()
        raise AssertionError("a second teald runs on the same state") from None
    assert process.returncode == 1 and "another teald uses this state" in err, err
    assert s.world.ready()


if __name__ == "__main__":
    cases.main(globals(), Stage, settings=SETTINGS)
