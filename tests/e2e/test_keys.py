#!/usr/bin/env python3
"""The gateway's own keys: sealed on the disk, opened by a passphrase that no process keeps, replaced
by others while people go on (REQ-KEY-*)."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import cases
import memory
from harness import until

PASSPHRASE = "v3ry-l0ng passphrase of the operator"
NEXT = "an0ther passphrase of the operator"
FOLDER = Path(tempfile.mkdtemp(prefix="teal-keys-"))
SETTINGS = {"keys": {"protection": "passphrase"}}


class Stage:
    def __init__(self, world):
        self.world = world
        self.alice = world.person("alice", "im:alice@native.example")
        self.noor = world.person("noor", "im:noor@native.example")

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

    def log(self):
        return (self.world.folder / "teald.log").read_text()


def credential(text):
    (FOLDER / "teal-passphrase").write_text(text + "\n")


def test_files_are_sealed(s):
    for name in ("account.key", "edge.key", "plaintext.key"):
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
    s.world.start_gateway()
    assert s.alice.send(s.noor.handle, "under another passphrase")["message_id"]


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
