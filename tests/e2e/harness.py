"""A whole Teal on loopback: the gateway, a sandbox RCS network, a sandbox SMS centre, and people with
the command line. What demo.py shows and what the tests of the whole drive."""
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from signing import Signer

ROOT = Path(__file__).resolve().parent.parent.parent
PASSPHRASE = "sandbox passphrase"
PATIENCE_S = 60  # with what comes in a moment where nobody else wants the machine
DOORS = 48  # names that the gateway has: 127.0.0.1 and those of World.door


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, seconds, condition):
    """The first true answer of `condition`; an error that names `what` when none comes in time."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def http(method, url, body=None, content_type=None, timeout=30, fields=None, signer=None):
    """(status, content type, body); problem documents are answers like any other. fields: further
    ones. signer: whose request it is (signing.Signer)."""
    fields = dict(fields or {})
    if content_type:
        fields["Content-Type"] = content_type
    if signer:
        fields = signer.fields(method, url, body or b"", fields)
    request = urllib.request.Request(url, data=body, method=method, headers=fields)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get_content_type(), error.read()


def http_json(method, url, body=None, timeout=30, signer=None):
    data = None if body is None else json.dumps(body).encode()
    status, _, answer = http(method, url, data, "application/json" if data else None, timeout,
                             signer=signer)
    return status, json.loads(answer or b"null")


class World:
    """Everything that runs, in one folder. Ports: of gateway, RCS network, SMS centre, its control.
    Without peers: the gateway alone, which then knows of no other network."""

    def __init__(self, folder, build="build/release", ports=None, settings=None, peers=True,
                 scheme="http"):
        self.folder = Path(folder)
        self.build = ROOT / build
        self.gateway_port, self.rcs_port, self.smpp_port, self.smsc_port = \
            ports or [free_port() for _ in range(4)]
        host = "127.0.0.1" if scheme == "http" else "localhost"  # a certificate's name
        self.gateway = f"{scheme}://{host}:{self.gateway_port}"
        self.rcs = f"http://127.0.0.1:{self.rcs_port}"
        self.smsc = f"http://127.0.0.1:{self.smsc_port}"
        self.settings = settings or {}
        self.peers = peers
        self.processes = {}
        self.said = {}  # how long each log was when its process started
        self.config = self.folder / "teal.conf"
        self.rcs_key = ""
        self.doors = 1

    # ---- starting and stopping ---------------------------------------------------------------

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.peers:
            self.rcs_key = self.run([self.build / "peers/rcs", "--state", self.folder / "rcs.seed",
                                     "--print-key"]).strip()
        self.write_config()
        self.run([self.build / "teald", "--init", self.config])
        if self.peers:
            self.start_smsc()
            self.start_rcs()
        self.start_gateway()
        return self

    def write_config(self):
        """deploy/sandbox.conf with this world's ports and folder, and the settings asked for."""
        text = (ROOT / "deploy/sandbox.conf").read_text()
        values = {
            "gateway": {"state": str(self.folder / "state"),
                        "listen": f"127.0.0.1:{self.gateway_port}",
                        "authority": ", ".join([f"localhost:{self.gateway_port}"] + [
                            f"127.0.0.{n}:{self.gateway_port}" for n in range(1, DOORS)])},
            "store": {"url": str(self.folder / "state/teal.db")},
        }
        if self.peers:
            values["peer rcs"] = {"url": self.rcs, "keys": self.rcs_key}
            values["sms"] = {"centre": f"127.0.0.1:{self.smpp_port}"}
        for section, pairs in self.settings.items():
            values.setdefault(section, {}).update(pairs)
        lines, section = [], ""
        for line in text.splitlines():
            if line.startswith("["):
                lines += [f"{k} = {v}" for k, v in values.pop(section, {}).items()]
                section = line.strip("[] ")
            if not self.peers and (section == "sms" or section.startswith("peer ")):
                continue
            if line.split("=")[0].strip() in values.get(section, {}):
                continue
            lines.append(line)
        lines += [f"{k} = {v}" for k, v in values.pop(section, {}).items()]
        for left, pairs in values.items():
            lines += [f"[{left}]"] + [f"{k} = {v}" for k, v in pairs.items()]
        self.config.write_text("\n".join(lines) + "\n")

    def run(self, command):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def spawn(self, name, command, **more):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.said[name] = log.tell()
            self.processes[name] = subprocess.Popen([str(c) for c in command], stdout=log,
                                                    stderr=log, stdin=subprocess.DEVNULL,
                                                    start_new_session=True, **more)

    def start_gateway(self, **more):
        self.spawn("teald", [self.build / "teald", self.config], **more)
        until("teald to answer", PATIENCE_S, lambda: self.alive("teald") and self.ready())

    def start_rcs(self):
        self.spawn("rcs", [self.build / "peers/rcs", "--port", self.rcs_port,
                           "--gateway", self.gateway, "--state", self.folder / "rcs.seed",
                           "--gateway-manifest", self.folder / "state/gateway.manifest",
                           "--user", "sealed:sip:bob@rcs.example,tel:+447700900123",
                           "--user", "plain:sip:carol@rcs.example"])
        self.wait_ready("rcs")

    def start_smsc(self):
        self.spawn("smsc", [self.build / "peers/smsc", "--smpp-port", self.smpp_port,
                            "--http-port", self.smsc_port,
                            "--system-id", "teal", "--password", "sandbox1"])
        self.wait_ready("smsc")

    def wait_ready(self, name):
        log = self.folder / f"{name}.log"
        until(f"{name} to be ready", PATIENCE_S,
              lambda: self.alive(name) and
              b"\nready" in b"\n" + log.read_bytes()[self.said[name]:])

    def alive(self, name):
        status = self.processes[name].poll()
        if status is not None:
            raise RuntimeError(f"{name} ended with status {status}:\n" +
                               (self.folder / f"{name}.log").read_text(errors="replace")[-3000:])
        return True

    def ready(self):
        """teald listens, the room has said its key, and the SMS centre, if any, is bound."""
        try:
            if http("GET", f"{self.gateway}/v1/gateway", timeout=2)[0] != 200:
                return False
            return not self.peers or self.smsc_state()["bound"]
        except OSError:
            return False

    def stop(self, name, how=signal.SIGTERM, seconds=PATIENCE_S):
        process = self.processes.pop(name, None)
        if process is None:
            return None
        process.send_signal(how)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{name} did not stop in {seconds} s") from None

    def close(self):
        for name in ["teald", "rcs", "smsc"]:
            try:
                self.stop(name)
            except AssertionError as error:
                print(error)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def pids(self):
        """All processes of the gateway: teald, then what it started."""
        parent = self.processes["teald"].pid
        pids = [parent]
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and \
                        f"PPid:\t{parent}\n" in (entry / "status").read_text():
                    pids.append(int(entry.name))
            except OSError:
                continue
        return pids

    def child(self, title):
        """The pid of teald's process with that name ("edge", "plaintext"); None: there is none."""
        for pid in self.pids()[1:]:
            try:
                if title in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"):
                    return pid
            except OSError:
                continue
        return None

    def operate(self, command, *args, expect=0):
        """The objects that an operator's command prints."""
        line = [self.build / "teal", "--json", command, "--gateway", self.gateway,
                "--operator", self.folder / "state/operator.key", *args]
        done = subprocess.run([str(word) for word in line], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == expect, (args, done.returncode, done.stdout, done.stderr)
        return [json.loads(text) for text in done.stdout.splitlines()]

    def operator(self):
        """Signs as the operator that teald --init made."""
        return Signer.operator(self.folder / "state/operator.key")

    def as_operator(self):
        """Options of the command line for the same."""
        return ["--operator", self.folder / "state/operator.key"]

    def door(self):
        """Another address that the gateway's port may be reached at, for who stands between."""
        self.doors += 1
        return f"127.0.0.{self.doors}", self.gateway_port

    # ---- people ------------------------------------------------------------------------------

    def person(self, name, *handles):
        return Person(self, name).init().register(*handles)

    # ---- the far sides -----------------------------------------------------------------------

    def phone(self, number):
        """What the phone shows."""
        url = f"{self.smsc}/phones/{urllib.parse.quote(number, safe='')}"
        return http_json("GET", url)[1]["messages"]

    def sms(self, sender, recipient, text):
        return http_json("POST", f"{self.smsc}/send",
                         {"from": sender, "to": recipient, "text": text})[1]

    def smsc_behave(self, **how):
        status, answer = http_json("POST", f"{self.smsc}/behave", how)
        assert status < 300, answer

    def smsc_state(self):
        return http_json("GET", f"{self.smsc}/state")[1]

    def rcs_behave(self, mode):
        status, answer = http_json("POST", f"{self.rcs}/sandbox/behave", {"mode": mode})
        assert status < 300, answer

    def rcs_messages(self, user):
        url = f"{self.rcs}/sandbox/messages?user={urllib.parse.quote(user, safe='')}"
        return http_json("GET", url)[1]["messages"]

    def rcs_receipts(self, user):
        url = f"{self.rcs}/sandbox/receipts?user={urllib.parse.quote(user, safe='')}"
        return http_json("GET", url)[1]

    def rcs_send(self, sender, recipient, text, **more):
        return http_json("POST", f"{self.rcs}/sandbox/send",
                         {"from": sender, "to": recipient, "text": text, **more})[1]


class Person:
    """Somebody with a device: a home folder for the command line."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.home = world.folder / name
        self.handle = None
        self.seen = []

    def command(self, *args):
        return [str(self.world.build / "teal"), "--home", str(self.home)] + [str(a) for a in args]

    def call(self, *args, text=None, env=None, timeout=60):
        """(status, standard output, standard error) of the command line."""
        done = subprocess.run(self.command(*args), input=text, capture_output=True, text=True,
                              timeout=timeout, check=False,
                              env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE, **(env or {})})
        return done.returncode, done.stdout, done.stderr

    def watch(self, *args):
        """(status, what it printed), in colour where our own standard output is a terminal."""
        if not os.isatty(1):
            status, out, err = self.call(*args)
            return status, out + err
        screen, terminal = pty.openpty()
        with subprocess.Popen(self.command(*args), stdin=terminal, stdout=terminal, stderr=terminal,
                              env={**os.environ, "TEAL_PASSPHRASE": PASSPHRASE}) as process:
            os.close(terminal)
            shown = b""
            while True:
                try:
                    piece = os.read(screen, 4096)
                except OSError:  # the terminal's last user is gone
                    piece = b""
                if not piece:
                    break
                shown += piece
        os.close(screen)
        return process.returncode, shown.decode().replace("\r\n", "\n")

    def json(self, *args, text=None, expect=0):
        """The objects that it prints."""
        status, out, err = self.call("--json", *args, text=text)
        assert status == expect, f"{self.name}: teal {' '.join(args)}: status {status}\n{out}{err}"
        return [json.loads(line) for line in out.splitlines()]

    def init(self, gateway=None):
        shutil.rmtree(self.home, ignore_errors=True)
        self.json("init", "--gateway", gateway or self.world.gateway,
                  "--name", f"{self.name}'s device")
        return self

    def register(self, *handles):
        self.json("register", *handles)
        self.handle = handles[0]
        return self

    def ask(self, method, path, body=None):
        """(status, JSON) of a request that `teal sign` signs for this device."""
        url = self.world.gateway + path
        file = self.home / "body"
        words = ["sign", method, url]
        if body is not None:
            file.write_text(json.dumps(body))
            words = ["sign", "--type", "application/json", method, url, file]
        status, out, err = self.call(*words)
        assert status == 0, err
        fields = dict(line.split(": ", 1) for line in out.splitlines())
        status, _, answer = http(method, url, file.read_bytes() if body is not None else None,
                                 fields=fields)
        return status, json.loads(answer or b"null")

    def send(self, to, text, *options, expect=0):
        return self.json("send", *options, to, "-", text=text, expect=expect)[-1]

    def inbox(self, *options):
        """Takes what waits; everything ever taken stays in .seen."""
        new = self.json("inbox", *options)
        self.seen += new
        return new

    def wait_for(self, what, seconds=PATIENCE_S, **members):
        """The first inbox item with these members."""
        def find():
            match = [i for i in self.seen if all(i.get(k) == v for k, v in members.items())]
            if not match:
                self.inbox("--wait=5")
            return match[0] if match else None
        return until(f"{self.name} to get {what} {members}", seconds, find)

    def message(self, seconds=PATIENCE_S, **members):
        return self.wait_for("a message", seconds, kind="message", **members)

    def receipt(self, message_id, seconds=PATIENCE_S, **members):
        return self.wait_for("a receipt", seconds, kind="receipt", message_id=message_id, **members)
