#!/usr/bin/env python3
"""The gateway's own keys: sealed on the disk, opened by a passphrase that no process keeps, replaced
by others while people go on (REQ-KEY-*)."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import cases
import memory
from harness import http_json, until
from test_teal import Liar

PASSPHRASE = "v3ry-l0ng passphrase of the operator"
NEXT = "an0ther passphrase of the operator"
FOLDER = Path(tempfile.mkdtemp(prefix="teal-keys-"))
SETTINGS = {"keys": {"protection": "passphrase"}}


class Stage:
    def __init__(self, world):
        self.world = world
        self.alice = world.person("alice", "im:alice@native.example")
        self.noor = world.person("noor", "im:noor@native.example")
        self.phones = 0
        self.passphrase = PASSPHRASE
        self.first = None  # what the gateway said of itself before its devices went

    def file(self, name, text):
        path = FOLDER / name
        path.write_text(text + "\n")
        return path

    def teald(self, *arguments, credential=True):
        env = dict(os.environ)
        if not credential:
            env.pop("CREDENTIALS_DIRECTORY")
        done = subprocess.run([str(self.world.build / "teald"), *(str(a) for a in arguments)],
                              capture_output=True, text=True, timeout=60, check=False, env=env,
                              stdin=subprocess.DEVNULL, start_new_session=True)
        return done.returncode, done.stdout, done.stderr

    def as_operator(self, passphrase=None):
        return ["--operator", self.world.folder / "state/operator.key",
                "--operator-passphrase-file", passphrase or self.file("operators", self.passphrase)]

    def rotate(self):
        """What the gateway says of itself then."""
        return self.alice.json("gateway", *self.as_operator(), "rotate", "downgrade")[0]

    def log(self):
        return (self.world.folder / "teald.log").read_text()


def credential(text):
    (FOLDER / "teal-passphrase").write_text(text + "\n")


def test_files_are_sealed(s):
    for name in ("account.key", "edge.key", "operator.key", "plaintext.key"):
        octets = (s.world.folder / "state" / name).read_bytes()
        assert octets.startswith(b"TEALKEYS") and b"TEALKEY\x01" not in octets, name
    assert "keys.not_sealed" not in s.log()


def test_nobody_keeps_the_passphrase(s):
    if os.geteuid() != 0:
        raise cases.Skip("only root looks into processes that hold keys")
    forms = {"passphrase": PASSPHRASE.encode()}
    assert memory.in_process(os.getpid(), forms)[0], "the scanner finds what is there"
    for pid in s.world.pids():
        assert not memory.in_process(pid, forms)[0], pid


def test_processes_that_die_need_no_passphrase(s):
    credential("gone")
    for name in ("edge", "plaintext"):
        pid = s.world.child(name)
        os.kill(pid, signal.SIGKILL)
        until(f"{name} to be started again", 20,
              lambda name=name, pid=pid: s.world.child(name) not in (None, pid) and s.world.ready())
    credential(PASSPHRASE)
    sent = s.alice.send(s.noor.handle, "after the fall")
    assert s.noor.message(message_id=sent["message_id"])["text"] == "after the fall"


def test_passphrase_is_asked_for(s):
    config, wrong = s.world.config, s.file("wrong", "not it")
    s.world.stop("teald")
    rows = [([config], False, "there is no passphrase. Give --passphrase-file"),
            (["--passphrase-file", wrong, config], True, "this is not its passphrase"),
            (["--passphrase-file", s.file("empty", ""), config], True, "the passphrase is empty"),
            (["--passphrase-file", FOLDER / "nowhere", config], True, "nowhere: no passphrase")]
    for arguments, given, words in rows:
        status, _, err = s.teald(*arguments, credential=given)
        assert status == 78 and words in err, (arguments, status, err)
    s.world.spawn("teald", [s.world.build / "teald", "--passphrase-file",
                            s.file("right", PASSPHRASE), config])
    until("teald to answer", 20, lambda: s.world.alive("teald") and s.world.ready())


def test_passphrase_changes(s):
    config, files = s.world.config, ["--new-passphrase-file", s.file("next", NEXT)]
    status, _, err = s.teald("--change-passphrase", *files, config)
    assert status == 1 and "another teald uses this state" in err, (status, err)
    s.world.stop("teald")
    status, out, err = s.teald("--change-passphrase", *files, config)
    assert status == 0 and "sealed under the new passphrase" in out, err
    status, _, err = s.teald(config)
    assert status == 78 and "this is not its passphrase" in err, (status, err)
    credential(NEXT)
    s.passphrase = NEXT
    s.world.start_gateway()
    assert s.alice.send(s.noor.handle, "under another passphrase")["message_id"]


def downgrade_key(s):
    return http_json("GET", f"{s.world.gateway}/v1/gateway")[1]["downgrade_key"]


def send_sms(s, text, sender=None):
    s.phones += 1
    number = f"+4915200000{s.phones:03}"
    sent = (sender or s.alice).send(f"tel:{number}", text, "--fallback=sms")
    until("the phone to show it", 20, lambda: [m for m in s.world.phone(number) if text in m["text"]])
    return sent


def test_downgrade_key_rotates(s):
    before = downgrade_key(s)
    answer = s.rotate()
    assert answer["downgrade_key"] != before, answer
    assert downgrade_key(s) == answer["downgrade_key"]
    assert s.alice.call("gateway", *s.as_operator(), "rotate", "edge")[0] == 2
    status, _, err = s.alice.call("gateway", *s.as_operator(s.file("wrong", "not it")), "rotate",
                                  "downgrade")
    assert status == 5 and "this is not its passphrase" in err, (status, err)
    assert s.alice.call("gateway", "rotate", "downgrade")[0] == 2
    send_sms(s, "under the next key")
    s.world.stop("teald")
    s.world.start_gateway()
    assert downgrade_key(s) == answer["downgrade_key"]


def test_late_consent_is_sealed_again(s):
    """The key goes, for good, between the device's question for it and its message."""
    s.world.stop("teald")
    s.world.settings = {"keys": {"protection": "passphrase", "downgrade_overlap_s": 0}}
    s.world.write_config()
    s.world.start_gateway()
    turned = []

    def rotate_first(method, path):
        if method == "POST" and path == "/v1/messages" and not turned:
            turned.append(s.rotate())
        return None
    liar = Liar(s.world)
    late = liar.person(s.world, "late", "im:late@native.example")
    liar.swallow = rotate_first
    number = "+4915200000999"
    status, out, err = late.call("send", "--fallback=sms", f"tel:{number}", "-", text="too late?")
    assert status == 0 and turned and "another downgrade key now: sealing again" in err, (out, err)
    until("the phone to show it", 20,
          lambda: [m for m in s.world.phone(number) if "too late?" in m["text"]])


def test_replaced_key_is_not_taken_back(s):
    """An edge in foreign hands shows the key that has leaked: the room's signature holds, but it
    was replaced."""
    liar = Liar(s.world)
    victim = liar.person(s.world, "victim", "im:victim@native.example")
    old = http_json("GET", f"{s.world.gateway}/v1/gateway")[1]
    s.rotate()
    send_sms(s, "with the next one", victim)
    liar.twist = lambda method, path, status, body: \
        (status, json.dumps(old).encode()) if path == "/v1/gateway" else (status, body)
    status, _, err = victim.call("send", "--fallback=sms", "tel:+4915200000998", "-", text="leaked")
    assert status == 6 and "REQ-KEY-8" in err, (status, err)


def test_devices_rotate(s):
    s.first = first = http_json("GET", f"{s.world.gateway}/v1/gateway")[1]
    sent = send_sms(s, "signed by the device that goes")  # its receipt waits for alice
    head = s.alice.json("heads")[0]["head"]
    s.world.stop("teald")
    for which in ("plaintext", "edge"):
        status, out, err = s.teald("--rotate", which, s.world.config)
        assert status == 0 and "another id and key" in out, err
    status, _, err = s.teald("--rotate", "account", s.world.config)
    assert status == 64, err
    s.world.start_gateway()
    now = http_json("GET", f"{s.world.gateway}/v1/gateway")[1]
    assert now["manifest"] != first["manifest"]
    assert now["downgrade_key"] != first["downgrade_key"]  # the same key, by another device
    chain = [http_json("GET", f"{s.world.gateway}/v1/gateway?version={v}") for v in (1, 2, 3, 4)]
    assert [answer[0] for answer in chain] == [200, 200, 200, 404]
    assert chain[0][1]["manifest"] == first["manifest"] and chain[2][1]["manifest"] == now["manifest"]
    assert http_json("GET", f"{s.world.gateway}/v1/gateway?version=0")[0] == 400
    receipt = s.alice.receipt(sent["message_id"], status="SENT")
    assert receipt["verified"], receipt
    send_sms(s, "the same key, by another device")
    after = send_sms(s, "signed by the device that came")
    assert s.alice.receipt(after["message_id"], status="SENT")["verified"]
    for person in (s.alice, s.noor):  # noor has not heard of the rotation yet
        assert person.json("heads", "--compare", head)[0]["consistent_with"] == head
        gateway = person.json("verify", "im:gateway@native.example")[0]
        assert gateway["version"] == 3 and gateway["in_log"], gateway
        assert person.json("audit")[-1]["findings"] == 0


def test_older_manifest_is_refused(s):
    liar = Liar(s.world)
    victim = liar.person(s.world, "another", "im:another@native.example")
    liar.twist = lambda method, path, status, body: \
        (status, json.dumps(s.first).encode()) if path == "/v1/gateway" else (status, body)
    status, _, err = victim.call("send", "--fallback=sms", "tel:+4915200000997", "-", text="back?")
    assert status == 6 and "REQ-KEY-6" in err, (status, err)


def test_teal_changes_its_passphrase(s):
    path = s.file("hers", "her new one")
    status, _, err = s.alice.call("passphrase", "--new-passphrase-file", path)
    assert status == 0, err
    assert s.alice.call("devices")[0] == 5
    assert s.alice.call("--passphrase-file", path, "devices")[0] == 0
    back = s.file("back", "sandbox passphrase")
    assert s.alice.call("--passphrase-file", path, "passphrase", "--new-passphrase-file", back)[0] == 0
    assert s.alice.call("devices")[0] == 0


if __name__ == "__main__":
    os.environ["CREDENTIALS_DIRECTORY"] = str(FOLDER)
    credential(PASSPHRASE)
    try:
        cases.main(globals(), Stage, settings=SETTINGS)
    finally:
        shutil.rmtree(FOLDER)
