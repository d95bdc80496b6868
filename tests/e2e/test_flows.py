#!/usr/bin/env python3
"""Messages cross every way between the native network, an RCS network and an SMS centre: what each
end sees, what the sender is told, and what happens when a far side refuses, stalls or is away."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cases
from demo import TEXTS
from harness import free_port, http, until

BOB, BOB_NUMBER, CAROL = "sip:bob@rcs.example", "tel:+447700900123", "sip:carol@rcs.example"
ALICE_NUMBER = "+14155550100"
SMS_MARK, PLAIN_MARK = "[SMS, not encrypted]", "[RCS, not end-to-end encrypted]"
SETTINGS = {
    "queue": {"retry_first_ms": 100, "retry_max_ms": 400, "peer_timeout_ms": 1000},
    "sms": {"response_timeout_s": 2, "reconnect_first_ms": 100},
}


class LossyWay:
    """Between the gateway and the RCS network: loses the answers to the next `losses` messages."""

    def __init__(self, port):
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content_type, answer = http(self.command, way.target + self.path,
                                                    body or None, fields=dict(self.headers))
                if self.path == "/v1/messages" and way.losses > 0:
                    way.losses -= 1
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    pass  # the gateway did not wait for it

            do_GET = do_POST = forward

            def log_message(self, *_):
                pass

        self.losses, self.target = 0, None
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Stage:
    """People, and a phone that nobody has written to yet."""

    def __init__(self, world):
        self.world = world
        WAY.target = world.rcs
        self.alice = world.person("alice", "im:alice@native.example", f"tel:{ALICE_NUMBER}")
        self.noor = world.person("noor", "im:noor@native.example")
        self.sam = world.person("sam", "im:sam@native.example")
        self.phones = 0

    def phone(self):
        self.phones += 1
        return f"+4915100000{self.phones:03}"

    def shown(self, number, count=1):
        """What the phone shows, once it is that many messages."""
        return until(f"{count} on {number}", 20, lambda: len(
            m := self.world.phone(number)) >= count and m)

    def at_peer(self, user, seconds=20, **members):
        return until(f"{user} to be shown {members}", seconds, lambda: next(
            (m for m in self.world.rcs_messages(user) if matches(m, members)), None))

    def peer_receipt(self, message_id, **members):
        members = {"message_id": message_id, **members}
        return until(f"Bob's network to get {members}", 20, lambda: next(
            (r for r in self.world.rcs_receipts(BOB)["receipts"] if matches(r, members)), None))

    def sms(self, number, text, *options):
        """Alice's to that phone, with consent; what the command line said."""
        return self.alice.send(f"tel:{number}", text, "--fallback=sms", *options)

    def ends(self, sent, **members):
        """The receipt that Alice gets, which must be good."""
        receipt = self.alice.receipt(sent["message_id"], **members)
        assert receipt["verified"], receipt
        return receipt


def matches(item, members):
    return all(item.get(name) == value for name, value in members.items())


def decided(sent, *expected):
    """What the gateway said when it accepted: (recipient, path, level)."""
    said = [(r["recipient"], r["path"], r["level"]) for r in sent["recipients"]]
    assert said == list(expected), said


# ---- each way ------------------------------------------------------------------------------------


def test_native_to_native(s):
    for name, text in TEXTS.items():
        sent = s.alice.send(s.noor.handle, text)
        decided(sent, (s.noor.handle, "native", "E2EE"))
        got = s.noor.message(message_id=sent["message_id"])
        assert got["text"] == text and got["from"] == s.alice.handle, name
        assert got["verified"] and not got["claimed"] and got["origin"] is None, got
        assert got["level"] == "E2EE", got
        receipt = s.ends(sent, status="ARRIVED")
        assert (receipt["path"], receipt["level"], receipt["mark"]) == ("native", "E2EE", ""), name
        device = s.alice.wait_for("a device's receipt", kind="device-receipt",
                                  message_id=sent["message_id"])
        assert matches(device, {"disposition": "delivered", "verified": True,
                                "from": s.noor.handle}), device


def test_native_to_rcs(s):
    for name, text in TEXTS.items():
        sent = s.alice.send(BOB, text)
        decided(sent, (BOB, "rcs", "E2EE"))
        got = s.at_peer(BOB, message_id=sent["message_id"])
        assert matches(got, {"text": text, "from": s.alice.handle, "level": "E2EE",
                             "verified": True}), (name, got)
        receipt = s.ends(sent, status="SENT")
        assert (receipt["path"], receipt["level"], receipt["mark"]) == ("rcs", "E2EE", ""), name
        device = s.alice.wait_for("Bob's device's receipt", kind="device-receipt",
                                  message_id=sent["message_id"])
        assert matches(device, {"disposition": "delivered", "verified": True}), device


def test_rcs_to_native(s):
    for name, text in TEXTS.items():
        sent = s.world.rcs_send(BOB, s.alice.handle, text)
        assert sent["status"] == 202, sent
        got = s.alice.message(message_id=sent["message_id"])
        assert matches(got, {"text": text, "from": BOB, "level": "E2EE", "verified": True,
                             "claimed": False, "origin": None}), (name, got)
        receipt = s.peer_receipt(sent["message_id"], status="ARRIVED")
        assert matches(receipt, {"imdn": "delivered", "level": "E2EE", "path": "native",
                                 "verified": True}), (name, receipt)
        until("Alice's device's receipt", 20, lambda: any(
            matches(r, {"message_id": sent["message_id"], "disposition": "delivered"})
            for r in s.world.rcs_receipts(BOB)["device_receipts"]))


def test_refused_without_consent(s):
    number = s.phone()
    before = len(s.world.rcs_messages(CAROL))
    for to, options, code in [(f"tel:{number}", [], "consent-missing"),
                              (CAROL, ["--fallback=never"], "consent-missing"),
                              (f"{s.noor.handle},tel:{number}", [], "consent-missing"),
                              (f"tel:{number}", ["--fallback=rcs"], "consent-floor-too-high")]:
        answer = s.alice.send(to, "This must not leave in the clear.", *options, expect=3)
        problem = answer["problem"]
        assert problem["type"] == f"urn:teal:problem:{code}", (to, problem)
        assert problem["refusals"][0]["recipient"] in to and problem["remedy"], problem
    assert s.world.phone(number) == [] and len(s.world.rcs_messages(CAROL)) == before
    assert not [i for i in s.noor.inbox() if i["kind"] == "message"]


def test_native_to_sms(s):
    for name, text in TEXTS.items():
        number = s.phone()
        sent = s.sms(number, text)
        decided(sent, (f"tel:{number}", "sms", "PLAINTEXT"))
        [shown] = s.shown(number)
        assert shown["text"] == f"{SMS_MARK} {text}", name
        assert shown["data_coding"] == (8 if name in ("emoji", "right-to-left") else 0), name
        for status in ("SENT", "ARRIVED"):
            receipt = s.ends(sent, status=status)
            assert matches(receipt, {"level": "PLAINTEXT", "path": "sms", "mark": SMS_MARK,
                                     "segments": shown["segments"], "reason": ""}), (name, receipt)
        assert len(s.world.phone(number)) == 1, name


def test_sms_to_native(s):
    """Also in many parts, and whatever it says of itself."""
    for name, text in {**TEXTS, "very long": "0123456789" * 120, "long emoji": "😂🎉" * 60,
                       "boast": "[E2EE] verified: Noor"}.items():
        number = s.phone()
        assert s.world.sms(number, ALICE_NUMBER, text)["accepted"], name
        got = s.alice.message(**{"from": f"tel:{number}"})
        assert matches(got, {"text": text, "level": "PLAINTEXT", "claimed": True, "verified": True,
                             "origin": {"level": "PLAINTEXT", "network": "sms",
                                        "gateway": "im:gateway@native.example"}}), (name, got)
    s.alice.inbox()
    assert len([i for i in s.alice.seen if i["kind"] == "message" and i["claimed"]]) == \
        len(TEXTS) + 3


def test_sms_to_nobody(s):
    answer = s.world.sms(s.phone(), "+14155559999", "Is anybody there?")
    assert not answer["accepted"] and answer["status"] == 0x66, answer  # ESME_RX_R_APPN


def test_rcs_to_sms(s):
    """A peer's user consents as any sender does; what leaves is told by an interworking receipt."""
    number = s.phone()
    sent = s.world.rcs_send(BOB, f"tel:{number}", "From another network.")
    assert sent["status"] == 403 and sent["answer"]["type"].endswith("consent-missing"), sent
    sent = s.world.rcs_send(BOB, f"tel:{number}", "From another network.", fallback="sms")
    assert sent["status"] == 202, sent
    [shown] = s.shown(number)
    assert shown["text"] == f"{SMS_MARK} From another network."
    receipt = s.peer_receipt(sent["message_id"], status="SENT")
    assert matches(receipt, {"imdn": "interworking", "level": "PLAINTEXT", "path": "sms",
                             "mark": SMS_MARK, "verified": True}), receipt


def test_native_to_plain(s):
    for name, text in TEXTS.items():
        sent = s.alice.send(CAROL, text, "--fallback=rcs")
        decided(sent, (CAROL, "plain", "TRANSPORT"))
        got = s.at_peer(CAROL, text=f"{PLAIN_MARK} {text}")
        assert got["level"] == "TRANSPORT", (name, got)
        receipt = s.ends(sent, status="SENT")
        assert matches(receipt, {"level": "TRANSPORT", "path": "plain", "mark": PLAIN_MARK}), name


def test_consent_is_not_used_where_it_need_not_be(s):
    """I4: the best path, whatever the consent allows."""
    rows = [(s.noor.handle, "native", "E2EE"), (BOB, "rcs", "E2EE"), (BOB_NUMBER, "rcs", "E2EE"),
            (CAROL, "plain", "TRANSPORT")]
    for to, path, level in rows:
        for when in ("no-better-path", "or-failed"):
            sent = s.alice.send(to, f"{path} {when}", "--fallback=sms", f"--when={when}")
            decided(sent, (to, path, level))
            s.noor.inbox()
            s.ends(sent, level=level, path=path)
    assert s.world.phone(BOB_NUMBER[4:]) == []


def test_look_up(s):
    number = s.phone()
    rows = [(s.noor.handle, "sealed", "native", "E2EE"), (BOB, "sealed", "rcs", "E2EE"),
            (CAROL, "plain", "plain", "TRANSPORT"), (f"tel:{number}", "none", "sms", "PLAINTEXT")]
    for handle, capability, path, level in rows:
        [found] = s.alice.json("lookup", handle)
        assert matches(found, {"handle": handle, "capability": capability, "path": path,
                               "level": level}), found
    assert s.alice.call("lookup", "im:nobody@native.example")[0] == 3


# ---- several recipients --------------------------------------------------------------------------


def test_group(s):
    to = [s.noor.handle, s.sam.handle, BOB]
    sent = s.alice.send(",".join(to), TEXTS["emoji"])
    decided(sent, (to[0], "native", "E2EE"), (to[1], "native", "E2EE"), (BOB, "rcs", "E2EE"))
    got = [p.message(message_id=sent["message_id"]) for p in (s.noor, s.sam)]
    assert all(g["text"] == TEXTS["emoji"] and g["verified"] for g in got)
    assert got[0]["conversation_id"] == got[1]["conversation_id"]
    assert s.at_peer(BOB, message_id=sent["message_id"])["verified"]
    for recipient, status in [(to[0], "ARRIVED"), (to[1], "ARRIVED"), (BOB, "SENT")]:
        assert s.ends(sent, recipient=recipient, status=status)["level"] == "E2EE"


def test_group_with_a_phone(s):
    """Each by its own path, and only the phone's copy is below end-to-end encryption."""
    number = s.phone()
    to = [s.noor.handle, BOB, f"tel:{number}"]
    sent = s.alice.send(",".join(to), "All of you", "--fallback=sms")
    decided(sent, (to[0], "native", "E2EE"), (BOB, "rcs", "E2EE"), (to[2], "sms", "PLAINTEXT"))
    assert s.noor.message(message_id=sent["message_id"])["level"] == "E2EE"
    assert s.at_peer(BOB, message_id=sent["message_id"])["level"] == "E2EE"
    assert s.shown(number)[0]["text"] == f"{SMS_MARK} All of you"
    for recipient, level in [(to[0], "E2EE"), (BOB, "E2EE"), (to[2], "PLAINTEXT")]:
        assert s.ends(sent, recipient=recipient)["level"] == level


# ---- an SMS centre that does not do as it should -------------------------------------------------


def test_text_too_long(s):
    """Refused whole, and nothing of it leaves (REQ-DGR-13)."""
    number = s.phone()
    submits = s.world.smsc_state()["submits"]
    receipt = s.ends(s.sms(number, "0123456789" * 200), status="UNDELIVERABLE")
    assert matches(receipt, {"reason": "text-too-long", "path": "", "mark": ""}), receipt
    assert s.world.phone(number) == [] and s.world.smsc_state()["submits"] == submits


def test_sms_refused(s):
    number = s.phone()
    s.world.smsc_behave(submit="refuse")
    receipt = s.ends(s.sms(number, "Hello"), status="UNDELIVERABLE")
    assert matches(receipt, {"reason": "sms-refused", "level": "PLAINTEXT", "path": "sms",
                             "mark": SMS_MARK}), receipt
    assert s.world.phone(number) == []


def test_delivery_failed(s):
    s.world.smsc_behave(receipts="failed")
    sent = s.sms(s.phone(), "Hello")
    s.ends(sent, status="SENT")
    receipt = s.ends(sent, status="UNDELIVERABLE")
    assert matches(receipt, {"reason": "sms-undelivered", "level": "PLAINTEXT"}), receipt


def test_delivery_told_early(s):
    number = s.phone()
    s.world.smsc_behave(receipts="early")
    sent = s.sms(number, TEXTS["long"])
    s.ends(sent, status="SENT")
    s.ends(sent, status="ARRIVED")
    assert len(s.world.phone(number)) == 1


def test_delivery_not_told(s):
    number = s.phone()
    s.world.smsc_behave(receipts="none")
    sent = s.sms(number, "Hello")
    s.ends(sent, status="SENT")
    [history] = s.alice.json("receipts", sent["message_id"])
    assert [r["status"] for r in history["receipts"]] == ["SENT"], history


def test_throttled(s):
    number = s.phone()
    s.world.smsc_behave(submit="throttle", times=3)
    sent = s.sms(number, TEXTS["long"])
    s.ends(sent, status="ARRIVED")
    [shown] = s.world.phone(number)
    assert shown["text"] == f"{SMS_MARK} {TEXTS['long']}"


def test_stalled(s):
    """An answer that never comes: the outcome is not known, so it is not sent again (I7)."""
    number = s.phone()
    s.world.smsc_behave(submit="stall", times=1)
    sent = s.sms(number, "Once at most")
    receipt = s.ends(sent, status="OUTCOME_UNKNOWN")
    assert matches(receipt, {"reason": "outcome-unknown", "level": "PLAINTEXT"}), receipt
    s.ends(s.sms(number, "The link is back"), status="SENT")
    assert [m["text"] for m in s.world.phone(number)] == [f"{SMS_MARK} The link is back"]


def test_dropped(s):
    number = s.phone()
    s.world.smsc_behave(submit="drop", times=1)
    s.ends(s.sms(number, TEXTS["long"]), status="OUTCOME_UNKNOWN")
    s.ends(s.sms(number, "The link is back"), status="SENT")
    assert [m["text"] for m in s.world.phone(number)] == [f"{SMS_MARK} The link is back"]


def test_centre_away(s):
    """What was accepted while there was no centre leaves when there is one, once."""
    number = s.phone()
    s.world.stop("smsc")
    sent = s.sms(number, "Later")
    decided(sent, (f"tel:{number}", "sms", "PLAINTEXT"))
    s.world.start_smsc()
    s.ends(sent, status="ARRIVED")
    assert len(s.world.phone(number)) == 1


def test_expires_while_the_centre_is_away(s):
    number = s.phone()
    s.world.stop("smsc")
    sent = s.sms(number, "Too late", "--expires=1")
    receipt = s.ends(sent, status="UNDELIVERABLE")
    s.world.start_smsc()
    until("the link", 20, s.world.ready)
    assert matches(receipt, {"reason": "expired", "path": ""}), receipt
    s.ends(s.sms(number, "In time"), status="SENT")
    assert [m["text"] for m in s.world.phone(number)] == [f"{SMS_MARK} In time"]


# ---- an RCS network that does not do as it should ------------------------------------------------


def test_network_away(s):
    s.world.rcs_behave("unavailable")
    sent = [s.alice.send(BOB, f"waits {i}") for i in range(3)]
    assert not [m for m in s.world.rcs_messages(BOB) if m["text"].startswith("waits")]
    s.world.rcs_behave("normal")
    for message in sent:
        s.ends(message, status="SENT")
    texts = [m["text"] for m in s.world.rcs_messages(BOB) if m["text"].startswith("waits")]
    assert texts == ["waits 0", "waits 1", "waits 2"], texts  # each once, in order


def test_network_stalls(s):
    s.world.rcs_behave("stall")
    sent = s.alice.send(BOB, "stalled")
    time.sleep(1.5)  # longer than peer_timeout_ms: the gateway has given up one try at least
    s.world.rcs_behave("normal")
    s.ends(sent, status="SENT")
    assert [m["text"] for m in s.world.rcs_messages(BOB)].count("stalled") == 1


def test_answer_lost(s):
    """Taken, but the gateway never heard so: it tries again, and Bob is shown one."""
    WAY.losses = 2
    sent = s.alice.send(BOB, "said twice, shown once")
    s.ends(sent, status="SENT")
    assert WAY.losses == 0
    assert [m["message_id"] for m in s.world.rcs_messages(BOB)].count(sent["message_id"]) == 1


def test_network_refuses(s):
    for mode, reason in [("refuse", "peer-refused"), ("stale", "keys-stale")]:
        s.world.rcs_behave(mode)
        receipt = s.ends(s.alice.send(BOB, mode), status="UNDELIVERABLE")
        assert receipt["reason"] == reason, receipt
        s.world.rcs_behave("normal")
        assert mode not in [m["text"] for m in s.world.rcs_messages(BOB)]
    s.ends(s.alice.send(BOB, "and again"), status="SENT")


def test_expires_while_the_network_is_away(s):
    s.world.rcs_behave("unavailable")
    receipt = s.ends(s.alice.send(BOB, "too late", "--expires=1"), status="UNDELIVERABLE")
    assert receipt["reason"] == "expired", receipt
    s.world.rcs_behave("normal")
    s.ends(s.alice.send(BOB, "in time"), status="SENT")
    assert "too late" not in [m["text"] for m in s.world.rcs_messages(BOB)]


def test_falls_back_once_the_better_path_has_failed(s):
    """I4 and I7: by SMS after the time that the consent names, and then by nothing else."""
    number = BOB_NUMBER[4:]
    s.world.rcs_behave("unavailable")
    sent = s.alice.send(BOB_NUMBER, "one way only", "--fallback=sms", "--when=or-failed",
                        "--failed-after=1", "--accept-e2ee-loss")
    decided(sent, (BOB_NUMBER, "rcs", "E2EE"))
    receipt = s.ends(sent, status="SENT")
    assert matches(receipt, {"level": "PLAINTEXT", "path": "sms", "mark": SMS_MARK}), receipt
    assert [m["text"] for m in s.world.phone(number)] == [f"{SMS_MARK} one way only"]
    s.world.rcs_behave("normal")
    s.ends(s.alice.send(BOB_NUMBER, "both ways work"), status="SENT", path="rcs")
    assert "one way only" not in [m["text"] for m in s.world.rcs_messages(BOB)]
    assert len(s.world.phone(number)) == 1


def test_encrypted_before(s):
    """REQ-DGR-7: what was end-to-end encrypted stays so, unless its sender says otherwise."""
    number = BOB_NUMBER[4:]
    before = len(s.world.phone(number))
    s.ends(s.alice.send(BOB_NUMBER, "sealed"), status="SENT", path="rcs")
    s.world.rcs_behave("unavailable")
    sent = s.alice.send(BOB_NUMBER, "sealed or not at all", "--fallback=sms", "--when=or-failed",
                        "--failed-after=1", "--expires=3")
    receipt = s.ends(sent, status="UNDELIVERABLE")
    assert receipt["reason"] in ("expired", "consent-e2ee-loss") and receipt["path"] == "", receipt
    s.world.rcs_behave("normal")
    assert len(s.world.phone(number)) == before


# ---- the command line on the way -----------------------------------------------------------------


def test_gateway_away(s):
    s.world.stop("teald")
    status, _, err = s.alice.call("send", s.noor.handle, "-", text="Hello?")
    assert status == 4 and s.world.gateway in err, (status, err)
    s.world.start_gateway()
    sent = s.alice.send(s.noor.handle, "Hello again")
    assert s.noor.message(message_id=sent["message_id"])["text"] == "Hello again"


def test_keychain(s):
    status, _, err = s.alice.call("inbox", env={"TEAL_PASSPHRASE": "wrong"})
    assert status == 5 and err, (status, err)
    assert s.alice.call("--home", s.world.folder / "nobody", "inbox")[0] in (2, 5)
    assert s.alice.call("send")[0] == 2 and s.alice.call("sing")[0] == 2


def test_books(s):
    """What a person sees of what they have sent, and of their devices."""
    sent = s.alice.send(s.noor.handle, "for the books")
    s.noor.message(message_id=sent["message_id"])
    s.ends(sent, status="ARRIVED")
    [entry] = s.alice.json("receipts", sent["message_id"])
    assert entry["to"] == [s.noor.handle] and entry["message_id"] == sent["message_id"]
    assert [r["status"] for r in entry["receipts"]][-1] == "ARRIVED", entry
    [device] = [d for d in s.alice.json("devices") if d["this"]]
    assert device["name"] == "alice's device", device


if __name__ == "__main__":
    WAY = LossyWay(port := free_port())
    cases.main(globals(), Stage,
               settings={**SETTINGS, "peer rcs": {"url": f"http://127.0.0.1:{port}"}})
