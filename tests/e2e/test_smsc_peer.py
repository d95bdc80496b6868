#!/usr/bin/env python3
"""The sandbox SMS centre against a small SMPP client of its own, written from SMPP 3.4 and not from
Teal's codecs: what the tests of the whole rely on."""
import concurrent.futures
import socket
import struct
import subprocess
import sys
import traceback

from harness import ROOT, http_json, until

BIND_RECEIVER, SUBMIT, DELIVER, UNBIND, BIND, ENQUIRE = 1, 4, 5, 6, 9, 0x15
RESP, NACK = 0x80000000, 0x80000000
ROK, RINVCMDLEN, RINVCMDID, RINVBNDSTS, RALYBND, RINVDSTADR, RBINDFAIL = 0, 2, 3, 4, 5, 0xB, 0xD
RINVPASWD, RINVSYSID, RSUBMITFAIL, RTHROTTLED, RX_T_APPN, RX_R_APPN = 0xE, 0xF, 0x45, 0x58, 0x64, 0x66
PHONE, SOURCE = "4915112345678", "14155550000"


def message(source, destination, octets, esm=0, registered=1, coding=0):
    return (b"\0" + b"\1\1" + source.encode() + b"\0" + b"\1\1" + destination.encode() + b"\0" +
            bytes([esm, 0, 0]) + b"\0\0" + bytes([registered, 0, coding, 0, len(octets)]) + octets)


class Esme:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.sequence = 0

    def put(self, command, body=b"", status=ROK, sequence=None):
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        self.socket.sendall(struct.pack(">4I", 16 + len(body), command, status, sequence) + body)
        return sequence

    def take(self):
        """(command, status, sequence, body); None at the end of the connection."""
        head = self.octets(16)
        if head is None:
            return None
        length, command, status, sequence = struct.unpack(">4I", head)
        return command, status, sequence, self.octets(length - 16)

    def octets(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                return None
            data += more
        return data

    def ask(self, command, body=b""):
        """(status, body) of the answer, which must be the next unit."""
        sequence = self.put(command, body)
        answered, status, to, rest = self.take()
        assert (answered, to) == (command | RESP, sequence), (hex(answered), to)
        return status, rest

    def bind(self, system_id="teal", password="sandbox1", command=BIND):
        return self.ask(command, system_id.encode() + b"\0" + password.encode() +
                        b"\0\0\x34\0\0\0")[0]

    def submit(self, octets, **more):
        return self.ask(SUBMIT, message(SOURCE, PHONE, octets, **more))

    def delivered(self, status=ROK):
        """(esm_class, short_message, all octets) of the next deliver_sm, which is answered."""
        command, _, sequence, body = self.take()
        assert command == DELIVER, hex(command)
        self.put(DELIVER | RESP, b"\0" if status == ROK else b"", status, sequence)
        at = body.index(b"\0", 3)           # behind the source address
        at = body.index(b"\0", at + 3) + 1  # behind the destination address
        return body[at], body[at + 10:at + 10 + body[at + 9]], body

    def close(self):
        self.socket.close()


class Centre:
    def __init__(self):
        self.process = subprocess.Popen(
            [ROOT / "build/asan/peers/smsc", "--smpp-port", "0", "--http-port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready, self.smpp, self.http = self.process.stdout.readline().split()
        assert ready == "ready"
        self.open = []

    def esme(self, bound=True):
        esme = Esme(int(self.smpp))
        self.open.append(esme)
        if bound:
            until("the last session to end", 10, lambda: not self.state()["bound"])
            assert esme.bind() == ROK
        return esme

    def call(self, method, path, body=None):
        return http_json(method, f"http://127.0.0.1:{self.http}{path}", body)

    def state(self):
        return self.call("GET", "/state")[1]

    def behave(self, **how):
        status, answer = self.call("POST", "/behave", how)
        assert status == 200, answer

    def phone(self):
        return self.call("GET", f"/phones/%2B{PHONE}")[1]["messages"]

    def sending(self, text):
        """The answer to /send, to come."""
        body = {"from": f"+{PHONE}", "to": "+14155550100", "text": text}
        return POOL.submit(self.call, "POST", "/send", body)

    def close(self):
        for esme in self.open:
            esme.close()
        self.process.terminate()
        _, errors = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, errors


POOL = concurrent.futures.ThreadPoolExecutor()


def test_binds_only_who_knows_the_password(centre):
    esme = centre.esme(bound=False)
    assert esme.submit(b"early")[0] == RINVBNDSTS
    assert esme.bind("other") == RINVSYSID
    assert esme.bind(password="wrong") == RINVPASWD
    assert esme.bind(command=BIND_RECEIVER) == RBINDFAIL
    assert not centre.state()["bound"]
    assert esme.bind() == ROK and centre.state()["bound"]
    assert centre.esme(bound=False).bind() == RALYBND
    assert esme.ask(ENQUIRE)[0] == ROK and centre.state()["enquire_links"] == 1
    assert esme.ask(UNBIND)[0] == ROK and esme.take() is None


def test_shows_what_was_sent_whole(centre):
    esme = centre.esme()
    assert esme.submit("Grüße".encode("utf-16-be"), registered=0, coding=8)[0] == ROK
    for seq, text in [(2, b" clocks"), (1, b"bright")]:
        header = bytes([5, 0, 3, 42, 2, seq])
        assert esme.submit(header + text, registered=0, esm=0x40)[0] == ROK
    assert esme.submit(b"\x80", registered=0)[0] == RSUBMITFAIL
    assert centre.phone() == [
        {"from": f"+{SOURCE}", "text": "Grüße", "segments": 1, "data_coding": 8},
        {"from": f"+{SOURCE}", "text": "bright clocks", "segments": 2, "data_coding": 0}]


def test_reports(centre):
    esme = centre.esme()
    for how, word, state in [("delivered", b"DELIVRD", 2), ("failed", b"UNDELIV", 5)]:
        centre.behave(receipts=how)
        status, message_id = esme.submit(b"hello")
        esm, text, octets = esme.delivered()
        assert status == ROK and esm == 4
        assert b"id:" + message_id[:-1] + b" " in text and b"stat:" + word in text
        assert struct.pack(">HH", 0x1E, len(message_id)) + message_id in octets
        assert bytes([4, 0x27, 0, 1, state]) in octets
    centre.behave(receipts="none")
    assert esme.submit(b"hello")[0] == ROK and centre.state()["waiting"] == 0
    centre.behave(receipts="early")
    sequence = esme.put(SUBMIT, message(SOURCE, PHONE, b"hello"))
    assert b"stat:DELIVRD" in esme.delivered()[1]
    assert esme.take()[:3] == (SUBMIT | RESP, ROK, sequence)
    assert len(centre.phone()) == 3  # the failed one is not shown


def test_misbehaves_as_told(centre):
    centre.behave(receipts="none")
    esme = centre.esme()
    centre.behave(submit="throttle", times=2)
    assert [esme.submit(b"x")[0] for _ in range(3)] == [RTHROTTLED, RTHROTTLED, ROK]
    centre.behave(submit="refuse")
    assert [esme.submit(b"x")[0] for _ in range(3)] == [RINVDSTADR] * 3
    centre.behave(submit="stall", times=1)
    esme.put(SUBMIT, message(SOURCE, PHONE, b"x"))
    assert esme.ask(ENQUIRE)[0] == ROK  # the next that is said: the submit has no answer
    assert esme.submit(b"x")[0] == ROK
    centre.behave(submit="drop", times=1)
    esme.put(SUBMIT, message(SOURCE, PHONE, b"x"))
    assert esme.take() is None
    assert len(centre.phone()) == 2
    assert centre.call("POST", "/behave", {"submit": "sulk"})[0] == 400


def test_delivers_until_it_is_answered(centre):
    esme = centre.esme()
    sent = centre.sending("Hello")
    assert esme.delivered(RX_T_APPN)[1] == b"Hello"
    assert not sent.done()
    assert esme.delivered()[1] == b"Hello"
    assert sent.result() == (200, {"accepted": True, "status": ROK, "waiting": False})
    sent = centre.sending("Hello")
    esme.delivered(RX_R_APPN)
    assert sent.result() == (200, {"accepted": False, "status": RX_R_APPN, "waiting": False})


def test_sends_again_what_was_not_answered(centre):
    esme = centre.esme()
    sent = centre.sending("x" * 400)  # three segments
    units = [esme.take() for _ in range(3)]
    assert [u[0] for u in units] == [DELIVER] * 3
    esme.put(DELIVER | RESP, b"\0", ROK, units[1][2])
    esme.ask(ENQUIRE)
    esme.close()
    esme = centre.esme()
    again = [esme.delivered() for _ in range(2)]
    assert [m[1][5] for m in again] == [1, 3] and all(m[0] == 0x40 for m in again)
    assert sent.result()[1]["accepted"]


def test_survives_what_it_cannot_read(centre):
    esme = centre.esme()
    esme.put(0x777)
    assert esme.take()[:2] == (NACK, RINVCMDID)
    esme.put(0x103)  # data_sm, of which nothing is there
    assert esme.take()[:2] == (NACK, RINVCMDLEN)
    esme.put(SUBMIT, b"\0\1\1no end")
    assert esme.take()[0] == SUBMIT | RESP
    esme.socket.sendall(struct.pack(">4I", 15, ENQUIRE, 0, 9))
    assert esme.take() is None
    assert centre.esme().submit(b"x", registered=0)[0] == ROK
    assert centre.call("POST", "/send", {"from": "+1"})[0] == 400
    assert centre.call("GET", "/nowhere")[0] == 404
    assert centre.call("PUT", "/state")[0] == 405


def main():
    passed = failed = 0
    for name, test in [item for item in globals().items() if item[0].startswith("test_")]:
        centre = Centre()
        try:
            test(centre)
            centre.close()
            passed += 1
        except Exception:  # a test that fails says which one, and the others run
            failed += 1
            centre.process.kill()
            print(f"{name}\n{traceback.format_exc()}{centre.process.stderr.read()}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
