#!/usr/bin/env python3
"""Wireshark reads what the codecs write: SMPP units in a TCP stream and SMS TPDUs, as it dissects
both. Nothing here knows how they are encoded. Skips, and says so, where tshark is missing."""
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

import cases
from harness import ROOT

ENCODER = ROOT / "build/asan/tests/tools/sms_encode"
TURKISH, HINDI = 1, 6
TO_CENTRE, FROM_CENTRE = 1, 2  # inbound, outbound: how Wireshark tells SUBMIT from DELIVER
RAW_IP, USER_0 = 101, 147      # link types
DATA_SM, QUERY, CANCEL, REPLACE, ALERT, MULTI = 0x103, 3, 8, 7, 0x102, 0x21
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)

TEXTS = {
    "default alphabet": "Hello, how are you? @£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà",
    "extension table": "[€] {a|b} ~^\\",
    "UCS-2": "Привет, мир",
    "surrogates": "日本😀𝄞",
    "160 septets": "x" * 160,
    "three parts": "The quick brown fox, €5. " * 16,
    "three parts in UCS-2": "Съешь ещё этих мягких булок 😀. " * 5,
}


def encode(*orders):
    """What the encoder says to each order: a list of units."""
    lines = "".join("\t".join(str(f) for f in order) + "\n" for order in orders)
    done = subprocess.run([ENCODER], input=lines.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answers = done.stdout.decode().split(".\n")[:-1]
    return [[bytes.fromhex(unit) for unit in answer.split()] for answer in answers]


def encode_texts(texts, languages=0, reference=42, wide=0):
    """For each text the submit_sm units and the SUBMIT TPDUs."""
    answers = encode(*[("submit", "Teal", "4915112345678", languages, reference, wide, text)
                       for text in texts])
    return [(units[0::2], units[1::2]) for units in answers]


# ---- Wireshark -----------------------------------------------------------------------------------


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(link, packets, direction):
    """A capture file of packets that all go one way."""
    capture = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    capture += block(1, struct.pack("<HHI", link, 0, 0))
    for packet in packets:
        head = struct.pack("<5I", 0, 0, 0, len(packet), len(packet))
        flags = struct.pack("<HHIHH", 2, 4, direction, 0, 0)
        capture += block(6, head + packet + b"\0" * (-len(packet) % 4) + flags)
    return capture


def over_tcp(units):
    """One segment a unit, to the port that Wireshark knows SMPP by."""
    packets, sequence = [], 1
    for unit in units:
        tcp = struct.pack(">HHIIBBHHH", 40000, 2775, sequence, 1, 0x50, 0x18, 65535, 0, 0) + unit
        packets.append(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0,
                                   b"\x7f\0\0\1", b"\x7f\0\0\2") + tcp)
        sequence += len(unit)
    return packets


def flatten(tree, into):
    """Every field with all its values, wherever it hangs."""
    for name, value in tree.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                flatten(one, into)
            else:
                into.setdefault(name, []).append(one)
    return into


def dissect(capture, *options):
    """The fields of each packet."""
    with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
        file.write(capture)
        file.flush()
        done = subprocess.run(["tshark", "-r", file.name, *options, "-T", "json",
                               "--no-duplicate-keys"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    # it writes the halves of a surrogate pair one by one
    text = done.stdout.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")
    packets = json.loads(text.decode("utf-16"))
    fields = [flatten(packet["_source"]["layers"], {}) for packet in packets]
    for packet in fields:
        assert "_ws.malformed" not in packet and "_ws.expert.message" not in packet, packet
    return fields


def dissect_smpp(units):
    fields = dissect(pcapng(RAW_IP, over_tcp(units), TO_CENTRE),
                     "-o", "smpp.decode_sms_over_smpp:gsm7")
    assert len(fields) == len(units)
    return fields


def dissect_tpdus(units, direction):
    fields = dissect(pcapng(USER_0, units, direction), "-o", "gsm_sms.reassemble:FALSE",
                     "-o", 'uat:user_dlts:"User 0 (DLT=147)","gsm_sms","0","","0",""')
    assert len(fields) == len(units)
    return fields


def one(packet, field):
    values = packet.get(field, [])
    assert len(values) == 1, f"{field}: {values}"
    return values[0]


def number(packet, field):
    return int(one(packet, field), 0)


# ---- tests ---------------------------------------------------------------------------------------


def check_parts(packets, reference):
    """The concatenation of one text's packets."""
    for n, packet in enumerate(packets):
        if len(packets) == 1:
            assert "gsm_sms.udh.mm.msg_id" not in packet, packet
            continue
        assert number(packet, "gsm_sms.udh.mm.msg_id") == reference
        assert number(packet, "gsm_sms.udh.mm.msg_parts") == len(packets)
        assert number(packet, "gsm_sms.udh.mm.msg_part") == n + 1


def test_texts_in_submit_sm():
    for (name, text), (units, _) in zip(TEXTS.items(), encode_texts(TEXTS.values())):
        packets = dissect_smpp(units)
        check_parts(packets, 42)
        for packet, unit in zip(packets, units):
            assert number(packet, "smpp.command_length") == len(unit), name
            assert number(packet, "smpp.command_id") == 4, name
            assert one(packet, "smpp.source_addr") == "Teal", name
            assert number(packet, "smpp.source_addr_ton") == 5, name
            assert one(packet, "smpp.destination_addr") == "4915112345678", name
            assert number(packet, "smpp.dest_addr_ton") == 1, name
            assert number(packet, "smpp.dest_addr_npi") == 1, name
            assert number(packet, "smpp.regdel.receipt") == 1, name
            assert number(packet, "smpp.data_coding") == (8 if "П" in text or "日" in text or
                                                          "С" in text else 0), name
            octets = one(packet, "smpp.message").split(":")
            assert number(packet, "smpp.sm_length") == len(octets), name
        assert "".join(one(p, "smpp.message_text") for p in packets) == text, name


def test_texts_in_tpdus():
    for (name, text), (_, tpdus) in zip(TEXTS.items(), encode_texts(TEXTS.values())):
        packets = dissect_tpdus(tpdus, TO_CENTRE)
        check_parts(packets, 42)
        for n, packet in enumerate(packets):
            assert number(packet, "gsm_sms.tp-mti") == 1, name
            assert number(packet, "gsm_sms.tp-mr") == n + 1, name
            assert one(packet, "gsm_sms.tp-da") == "4915112345678", name
            assert number(packet, "gsm_sms.dis_field_addr.num_type") == 1, name
            assert number(packet, "gsm_sms.tp-udhi") == (len(packets) > 1), name
        assert "".join(one(p, "gsm_sms.sms_text") for p in packets) == text, name


def test_16_bit_references():
    [(units, tpdus)] = encode_texts(["é" * 305], reference=0xABCD, wide=1)
    assert len(units) == 3  # 152 each
    check_parts(dissect_smpp(units), 0xABCD)
    packets = dissect_tpdus(tpdus, TO_CENTRE)
    check_parts(packets, 0xABCD)
    assert "".join(one(p, "gsm_sms.sms_text") for p in packets) == "é" * 305


def test_shift_elements():
    """Wireshark reads which tables are meant; the tables themselves it does not know."""
    rows = {
        "Şişli'de çay içtik. " * 8: {"single_shift": TURKISH},
        "ığdır " * 24: {"locking_shift": TURKISH},
        "नमस्ते दुनिया। " * 9: {"locking_shift": HINDI, "single_shift": HINDI},
    }
    answers = encode_texts(rows, languages=1 << TURKISH | 1 << HINDI)
    for (units, tpdus), shift in zip(answers, rows.values()):
        for packet in dissect_smpp(units) + dissect_tpdus(tpdus, TO_CENTRE):
            for kind in ["locking_shift", "single_shift"]:
                said = packet.get(f"gsm_sms.dis_iei_lang.{kind}", [])
                assert said == ([str(shift[kind])] if kind in shift else []), (said, shift)


def test_ports_and_binary():
    data = bytes(range(200))  # to ports that Wireshark has no dissector for
    [units] = encode(("ports", 16000, 16001, data.hex()))
    submits, tpdus = dissect_smpp(units[0::2]), dissect_tpdus(units[1::2], TO_CENTRE)
    assert len(submits) == len(tpdus) == 2
    for packet in submits + tpdus:
        assert number(packet, "gsm_sms.destination_port") == 16000
        assert number(packet, "gsm_sms.originator_port") == 16001
    assert all(number(packet, "smpp.data_coding") == 4 for packet in submits)
    assert all(number(packet, "gsm_sms.tp-dcs") == 4 for packet in tpdus)
    whole = one(submits[-1], "gsm_sms_ud.short_msg")  # put together by Wireshark
    bodies = "".join(one(packet, "gsm_sms.sms_body") for packet in tpdus)
    assert bytes.fromhex(whole.replace(":", "")) == bytes.fromhex(bodies.replace(":", "")) == data


def stamps(packet):
    """The time stamps of a packet: (local year to second, quarters of an hour)."""
    names = ["year", "month", "day", "hour", "minutes", "seconds", "timezone"]
    return list(zip(*[[int(v) for v in packet[f"gsm_sms.scts.{n}"]] for n in names]))


def local(moment, quarters):
    there = moment + timedelta(minutes=15 * quarters)
    return (there.year % 100, there.month, there.day, there.hour, there.minute, there.second,
            abs(quarters))


def milliseconds(moment):
    return int(moment.timestamp()) * 1000


def test_deliver():
    senders = [("447700900123", 1), ("Teal", 5), ("ABCDEFGHIJK", 5)]
    zones = [0, 4, -20, 22, -14, 56]
    orders = [("deliver", sender, milliseconds(NOON), zone, text)
              for sender, _ in senders for zone in zones for text in ["Hi [€] @é", "Привет 😀"]]
    packets = dissect_tpdus([u for [u] in encode(*orders)], FROM_CENTRE)
    for packet, (_, sender, _, zone, text) in zip(packets, orders):
        assert number(packet, "gsm_sms.tp-mti") == 0
        assert number(packet, "gsm_sms.tp-mms") == 1
        assert one(packet, "gsm_sms.tp-oa") == sender
        assert number(packet, "gsm_sms.dis_field_addr.num_type") == dict(senders)[sender]
        assert stamps(packet) == [local(NOON, zone)], (stamps(packet), zone)
        assert one(packet, "gsm_sms.sms_text") == text


def test_status_report():
    rows = [(0x00, 0, 0), (0x30, 1, 0x10), (0x46, 2, 6), (0x63, 3, 3)]
    orders = [("report", "447700900123", 200 + n, milliseconds(NOON), -20, status)
              for n, (status, _, _) in enumerate(rows)]
    packets = dissect_tpdus([u for [u] in encode(*orders)], FROM_CENTRE)
    for n, (packet, (_, kind, reason)) in enumerate(zip(packets, rows)):
        assert number(packet, "gsm_sms.tp-mti") == 2
        assert number(packet, "gsm_sms.tp-mr") == 200 + n
        assert one(packet, "gsm_sms.tp-ra") == "447700900123"
        assert stamps(packet) == [local(NOON, -20)] * 2
        assert number(packet, "gsm_sms.dis_field.st_error") == kind
        assert number(packet, "gsm_sms.dis.field_st_reason") == reason


def test_validity():
    orders = [("validity", 0, 0, "text"), ("validity", 2, 170, "text"),
              ("validity", 3, milliseconds(NOON), "text"), ("validity", 1, 0, "text")]
    packets = dissect_tpdus([u for [u] in encode(*orders)], TO_CENTRE)
    for packet, (_, form, _, text) in zip(packets, orders):
        assert number(packet, "gsm_sms.tp-vpf") == form
        assert one(packet, "gsm_sms.sms_text") == text
    assert number(packets[1], "gsm_sms.vp.validity_period") == 170
    assert stamps(packets[2]) == [local(NOON, 0)]


def test_other_commands():
    def smpp(command):
        [[unit]] = encode(("smpp", hex(command), "7f2", "447700", "49151", "new text"))
        [packet] = dissect_smpp([unit])
        assert number(packet, "smpp.command_id") == command
        assert number(packet, "smpp.sequence_number") == 7
        return packet

    def has(packet, **fields):
        for field, value in fields.items():
            assert one(packet, f"smpp.{field}") == value, (field, value, packet)

    octets = "6e:65:77:20:74:65:78:74"
    data = smpp(DATA_SM)
    has(data, source_addr="447700", destination_addr="49151", message_payload=octets,
        user_message_reference="0x1234", vendor_op="76:65:6e:64:6f:72")
    has(smpp(QUERY), message_id="7f2", source_addr="447700")
    has(smpp(CANCEL), message_id="7f2", source_addr="447700", destination_addr="49151")
    has(smpp(REPLACE), message_id="7f2", source_addr="447700", message=octets, sm_length="8")
    has(smpp(ALERT), source_addr="447700", esme_addr="49151")
    has(smpp(0x80000000 | QUERY), message_id="7f2", message_state="2", error_code="9",
        final_date="Nov 24, 2026 09:00:00.000000000 UTC")
    has(smpp(MULTI), source_addr="447700", destination_addr="49151", dl_name="friends",
        message=octets, sm_length="8")
    has(smpp(0x80000000 | MULTI), message_id="7f2", destination_addr="49151",
        error_status_code="0x0000000b")


def main():
    tests = [(name, f) for name, f in globals().items() if name.startswith("test_")]
    counts = cases.Counts()
    if shutil.which("tshark") is None:
        print("tshark is not installed (deploy/install-deps.sh): nothing was compared with it")
        print(f"0 passed, 0 failed, {len(tests)} skipped")
        return
    for name, test in tests:
        counts.case(name.removeprefix("test_"), test)
    print(f"{counts.passed} passed, {counts.failed} failed")
    sys.exit(1 if counts.failed else 0)


if __name__ == "__main__":
    main()
