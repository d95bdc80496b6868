#!/usr/bin/env python3
"""The key log from outside: what people can check of each other's keys, and gateways that try to
show another key, take one back, change their log, or show two."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import traceback
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from harness import World, http, http_json
from native import message as protobuf, lp, read
from test_teal import Liar, twist_json

NATIVE = "native.example"


def octets(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(value):
    return urlsafe_b64encode(value).decode().rstrip("=")


def sha256(value):
    return hashlib.sha256(value).digest()


def flipped(value):
    """A base64url text with another octet in its middle."""
    changed = bytearray(octets(value))
    changed[len(changed) // 2] ^= 1
    return text(bytes(changed))


@contextlib.contextmanager
def store(world):
    """The operator's own access to the database, beside the gateway."""
    db = sqlite3.connect(world.folder / "state/teal.db", timeout=10)
    with contextlib.closing(db), db:
        yield db


# ---- the log, computed anew -----------------------------------------------------------------------

def root_of(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1" + root_of(leaves[:k]) + root_of(leaves[k:]))


def write_log(db, entries):
    """What an operator would do who wants another log: nodes and root fit together."""
    leaves = [sha256(b"\0" + e) for e in entries]
    db.execute("DELETE FROM log_leaves")
    db.execute("DELETE FROM log_nodes")
    for index, entry in enumerate(entries):
        db.execute("INSERT INTO log_leaves VALUES('keys', ?, ?)", (index, entry))
    for level in range(20):
        for node in range(len(leaves) >> level):
            part = leaves[node << level:(node + 1) << level]
            db.execute("INSERT INTO log_nodes VALUES('keys', ?, ?, ?)", (level, node, root_of(part)))
    db.execute("UPDATE logs SET size = ?, root = ?", (len(entries), root_of(leaves)))


def entries_of(db):
    return [row[0] for row in db.execute("SELECT entry FROM log_leaves ORDER BY leaf")]


def append(world, entry):
    with store(world) as db:
        write_log(db, entries_of(db) + [entry])


def entry_of(handle, account_key, version, signed_hash=b"\x77" * 32):
    return protobuf({1: 1, 2: 1795521600000, 3: [sha256(lp("teal log handle") + lp(handle))],
                     4: account_key, 5: version, 6: signed_hash})


def manifest_of(world, handle):
    return octets(http_json("GET", f"{world.gateway}/v1/directory/{handle}",
                            signer=world.operator())[1]["manifest"])


def account_key_of(world, handle):
    return dict(read(manifest_of(world, handle)))[2]


def head_of(world):
    return http_json("GET", f"{world.gateway}/v1/log/keys/head")[1]


def refused(person, rule, *args):
    status, out, err = person.call(*args)
    assert status == 6, f"teal {args}: status {status}\n{out}{err}"
    assert rule in out + err, f"teal {args}: {rule} is not named\n{out}{err}"
    return out + err


# ---- what holds -----------------------------------------------------------------------------------

def test_two_people_verify_each_other(world):
    ann = world.person("ann", f"im:ann@{NATIVE}")
    bea = world.person("bea", f"im:bea@{NATIVE}")
    bea.register(f"im:beatrice@{NATIVE}")
    bea.handle = f"im:bea@{NATIVE}"
    seen = ann.json("verify", f"im:beatrice@{NATIVE}")[0]
    back = bea.json("verify", ann.handle)[0]
    assert re.fullmatch(r"(\d{5} ){11}\d{5}", seen["safety_number"]), seen
    assert seen["safety_number"] == back["safety_number"]
    assert seen["in_log"] and seen["version"] == 2 and seen["trust"] == "new", seen
    assert seen["heads"] >= 1 and seen["log_size"] >= 3
    ann.send(bea.handle, "known from now on")
    assert ann.json("verify", bea.handle)[0]["trust"] == "known"
    status, out, _ = ann.call("verify", bea.handle)
    assert status == 0 and "versions 1 to 2" in out and "consistent" in out, out
    assert [line.split() for line in out.splitlines()[-3:]] == \
        [seen["safety_number"].split()[i:i + 4] for i in (0, 4, 8)]


def test_another_network_is_not_in_the_log(world):
    cal = world.person("cal", f"im:cal@{NATIVE}")
    seen = cal.json("verify", "sip:bob@rcs.example")[0]
    assert not seen["in_log"] and len(seen["safety_number"]) == 71
    assert cal.call("verify", "sip:carol@rcs.example")[0] == 6  # no keys at all


def test_audits_go_on_where_they_ended(world):
    dee = world.person("dee", f"im:dee@{NATIVE}")
    first = dee.json("audit")[-1]
    assert first["from"] == 0 and first["findings"] == 0 and first["size"] == head_of(world)["size"]
    eva = world.person("eva", f"im:eva@{NATIVE}")
    second = dee.json("audit")[-1]
    assert (second["from"], second["size"]) == (first["size"], first["size"] + 1), second
    dee.send(eva.handle, "whose key is known now: what the log said of her before counts too")
    assert dee.json("audit")[-1]["from"] == 0
    assert dee.json("audit")[-1]["from"] == second["size"]
    status, out, _ = dee.call("audit")
    assert status == 0 and "0 findings" in out, out


def test_heads_are_compared(world):
    fay = world.person("fay", f"im:fay@{NATIVE}")
    mine = fay.call("heads")[1].strip()
    assert "\n" not in mine and mine.startswith("teal-head.keys.")
    gus = world.person("gus", f"im:gus@{NATIVE}")
    assert gus.call("heads", "--compare", mine)[0] == 0
    theirs = gus.json("heads")[0]["head"]
    assert fay.json("heads", "--compare", theirs)[0]["consistent_with"] == theirs
    assert fay.call("heads", "--compare", "teal-head.keys.1")[0] == 2
    refused(fay, "REQ-LOG-8", "heads", "--compare", flipped_signature(theirs))
    with tempfile.TemporaryDirectory() as folder, \
            World(folder, world.build, peers=False) as other:
        foreign = other.person("hal", f"im:hal@{NATIVE}").call("heads")[1].strip()
    refused(fay, "REQ-LOG-8", "heads", "--compare", foreign)


def flipped_signature(line):
    parts = line.split(".")
    return ".".join(parts[:-1] + [flipped(parts[-1])])


def test_a_restart_changes_nothing(world):
    ian = world.person("ian", f"im:ian@{NATIVE}")
    before = head_of(world)
    ian.json("audit")
    world.stop("teald")
    world.start_gateway()
    after = head_of(world)
    assert (before["size"], before["root"]) == (after["size"], after["root"])
    assert ian.json("verify", f"im:ian@{NATIVE}")[0]["in_log"]


# ---- on the way -----------------------------------------------------------------------------------

def test_forged_proofs_are_refused(world):
    liar = Liar(world)
    joy = liar.person(world, "joy", f"im:joy@{NATIVE}")
    kit = world.person("kit", f"im:kit@{NATIVE}")
    joy.json("lookup", kit.handle)

    def change(name, how):
        def apply(answer):
            answer["proof"][name] = how(answer["proof"][name])
        return apply

    def head(name, how):
        return change("head", lambda h: {**h, name: how(h[name])})
    lies = {
        "REQ-LOG-15": [change("inclusion", lambda i: [flipped(i[0])] + i[1:]),
                       change("inclusion", lambda i: i[:-1]),
                       change("inclusion", lambda i: i + i[:1]),
                       change("index", lambda i: i - 1),
                       change("entry", lambda e: text(octets(e)[:-1] + b"\0")),
                       lambda answer: answer.pop("proof"),
                       lambda answer: (answer.pop("proof"), answer.update(network="rcs", path="rcs"))],
        "REQ-LOG-14": [change("head", lambda h: None), change("inclusion", lambda i: "none"),
                       change("index", lambda i: -1)],
        "REQ-LOG-8": [head("signature", flipped), head("time_ms", lambda t: t + 1),
                      head("device", lambda d: "00" * 16)],
        "REQ-LOG": [head("size", lambda s: s + 1), head("root", flipped), head("log", str.upper)],
    }
    for rule, changes in lies.items():
        for lie in changes:
            liar.twist = twist_json("/v1/directory/im:kit", lie)
            refused(joy, rule, "lookup", kit.handle)
            refused(joy, rule, "send", kit.handle, "secret")
    # The first answer is honest, and the second, with the keys to seal to, is not.
    for rule, changes in lies.items():
        liar.twist = twist_json("/claim", changes[0])
        refused(joy, rule, "send", kit.handle, "secret")
    assert joy.json("receipts") == []


def test_an_old_head_is_refused(world):
    liar = Liar(world)
    lea = liar.person(world, "lea", f"im:lea@{NATIVE}")
    old = json.dumps(head_of(world)).encode()
    world.person("max", f"im:max@{NATIVE}")
    lea.json("heads")
    liar.swallow = lambda method, path: (200, "application/json", old) \
        if path == "/v1/log/keys/head" else None
    refused(lea, "REQ-LOG-17", "heads")
    refused(lea, "REQ-LOG-17", "audit")


def test_a_log_that_is_cut_off_is_noticed(world):
    liar = Liar(world)
    ned = liar.person(world, "ned", f"im:ned@{NATIVE}")
    size = head_of(world)["size"]

    def cut(answer):
        keep = max(0, size - 1 - answer["from"])
        answer["entries"] = answer["entries"][:keep]
    liar.twist = twist_json("/v1/log/keys/entries", cut)
    refused(ned, "REQ-LOG-20", "audit")

    def change(answer):
        answer["entries"][0] = flipped(answer["entries"][0])
    liar.twist = twist_json("/v1/log/keys/entries", change)
    refused(ned, "REQ-LOG-20", "audit")


def test_a_chain_with_a_hole_is_refused(world):
    liar = Liar(world)
    ola = liar.person(world, "ola", f"im:ola@{NATIVE}")
    pam = world.person("pam", f"im:pam@{NATIVE}")
    pam.register(f"im:pam2@{NATIVE}")
    pam.register(f"im:pam3@{NATIVE}")
    handle = f"im:pam@{NATIVE}"
    assert ola.json("verify", handle)[0]["version"] == 3

    def drop(at):
        def apply(answer):
            del answer["manifests"][at:at + 1]
        return apply

    def swap(answer):
        if answer["manifests"]:
            answer["manifests"][0]["manifest"] = answer["manifests"][1]["manifest"]

    for lie in (drop(1), swap):
        liar.twist = twist_json("/manifests", lie)
        refused(ola, "REQ-LOG", "verify", handle)
    liar.twist = twist_json("/manifests", lambda answer: answer.update(manifests=[]))
    refused(ola, "REQ-LOG-22", "verify", handle)


# ---- the operator ---------------------------------------------------------------------------------

def test_a_rolled_back_manifest(world):
    rex = world.person("rex", f"im:rex@{NATIVE}")
    sue = world.person("sue", f"im:sue@{NATIVE}")
    old = manifest_of(world, sue.handle)
    sue.register(f"im:susan@{NATIVE}")
    handle = f"im:sue@{NATIVE}"
    rex.send(handle, "to version 2")
    with store(world) as db:
        db.execute("UPDATE accounts SET manifest = ? WHERE account_key = ?",
                   (old, dict(read(old))[2]))
    assert manifest_of(world, handle) == old
    refused(rex, "REQ-DEV-10", "send", handle, "to version 1")
    # Somebody who never saw version 2 learns of it by an audit.
    tim = world.person("tim", f"im:tim@{NATIVE}")
    tim.send(handle, "fooled")
    tim.json("audit")
    refused(tim, "REQ-DEV-10", "send", handle, "not again")


def test_a_ghost_device(world):
    """Added by the operator to a stored manifest, which the account key then has not signed."""
    uli = world.person("uli", f"im:uli@{NATIVE}")
    vic = world.person("vic", f"im:vic@{NATIVE}")
    real = manifest_of(world, vic.handle)
    fields = read(real)
    ghost = (4, protobuf({1: b"\x66" * 16, 2: b"\x42" * 32, 3: "ghost", 4: 1795521600000}))
    at = [number for number, _ in fields].index(5)
    forged = b"".join(protobuf({number: value})
                      for number, value in fields[:at] + [ghost] + fields[at:])
    key = dict(fields)[2]
    with store(world) as db:
        db.execute("UPDATE accounts SET manifest = ? WHERE account_key = ?", (forged, key))
    assert manifest_of(world, vic.handle) == forged
    refused(uli, "REQ-DIR-6", "lookup", vic.handle)
    refused(uli, "REQ-DIR-6", "send", vic.handle, "secret")
    with store(world) as db:
        db.execute("UPDATE accounts SET manifest = ? WHERE account_key = ?", (real, key))
    uli.send(vic.handle, "secret")


def take_handle(world, handle, as_name):
    """The operator gives the handle to another account, in the log too, as it would have to."""
    with store(world) as db:
        owner, = db.execute("SELECT account FROM handles WHERE handle = ?", (handle,)).fetchone()
        db.execute("DELETE FROM handles WHERE handle = ?", (handle,))
    ghost = world.person(as_name, handle)
    return owner, ghost


def test_a_ghost_account(world):
    """A manifest that another account key has signed, in the name of somebody who is known."""
    wim = world.person("wim", f"im:wim@{NATIVE}")
    xia = world.person("xia", f"im:xia@{NATIVE}")
    wim.send(xia.handle, "hello")
    wim.json("audit")
    xia.json("audit")
    owner, _ = take_handle(world, xia.handle, "ghost")
    refused(wim, "HAS CHANGED", "send", xia.handle, "secret")
    refused(wim, "HAS CHANGED", "verify", xia.handle)
    assert "account key has changed" in refused(wim, "REQ-LOG-20", "audit")
    with store(world) as db:
        db.execute("UPDATE handles SET account = ? WHERE handle = ?", (owner, xia.handle))
    # It is taken back, but the log does not forget: its owner sees it, and sees it again.
    for _ in range(2):
        found = [o for o in xia.json("audit", expect=6) if o["kind"] == "finding"]
        assert [f["of"] for f in found] == [xia.handle], found
        assert "another account key speaks for your handle" in found[0]["what"]


def test_entries_without_a_manifest(world):
    """In somebody's name and under their key, but nobody is shown what is said to be signed."""
    yan = world.person("yan", f"im:yan@{NATIVE}")
    zoe = world.person("zoe", f"im:zoe@{NATIVE}")
    yan.send(zoe.handle, "hello")
    append(world, entry_of(zoe.handle, account_key_of(world, zoe.handle), 2))
    assert "has not signed" in refused(zoe, "REQ-LOG-20", "audit")
    yan.json("audit")  # version 2 after 1: for others it is in order, but
    refused(yan, "REQ-DEV-10", "send", zoe.handle, "to version 1, which is not the newest")
    append(world, entry_of(zoe.handle, account_key_of(world, zoe.handle), 9))
    assert "not the next one" in refused(yan, "REQ-LOG-20", "audit")


def test_an_entry_that_is_none(world):
    abe = world.person("abe", f"im:abe@{NATIVE}")
    abe.json("audit")
    append(world, b"\x08\x09")
    assert "REQ-" in refused(abe, "REQ-WIRE-3", "audit")
    # Others are found in spite of it.
    append(world, entry_of(abe.handle, b"\x31" * 32, 1))
    assert refused(abe, "REQ-WIRE-3", "audit").count("FOUND") == 2


def test_a_log_that_was_changed(world):
    bob = world.person("bill", f"im:bill@{NATIVE}")
    bob.json("heads")
    with store(world) as db:
        entries = entries_of(db)
        write_log(db, entries[:-1] + [entry_of(bob.handle, b"\x31" * 32, 1)])
    world.stop("teald")
    world.start_gateway()
    out = refused(bob, "REQ-LOG-17", "heads")
    assert "TWO LOGS" in out and out.count("teal-head.keys.") == 2, out
    with store(world) as db:
        write_log(db, entries[:-1])
    world.stop("teald")
    world.start_gateway()
    refused(bob, "REQ-LOG-17", "heads")  # shorter than it was
    with store(world) as db:
        write_log(db, entries)
    world.stop("teald")
    world.start_gateway()
    bob.json("heads")


def test_damage_is_not_served(world):
    world.person("abi", f"im:abi@{NATIVE}")
    world.stop("teald")
    with store(world) as db:
        saved = db.execute("SELECT root FROM logs").fetchone()
        db.execute("UPDATE logs SET root = zeroblob(32)")
    try:
        world.start_gateway()
        raise AssertionError("a gateway serves a log that does not fit together")
    except RuntimeError as error:
        assert "ledger.damaged" in str(error), error
    with store(world) as db:
        db.execute("UPDATE logs SET root = ?", saved)
    world.processes.pop("teald", None)
    world.start_gateway()


GATEWAY = f"im:gateway@{NATIVE}"


def test_the_gateway_itself(world):
    cyd = world.person("cyd", f"im:cyd@{NATIVE}")
    seen = cyd.json("verify", GATEWAY)[0]
    assert seen["in_log"] and seen["version"] == 1 and "safety_number" not in seen, seen
    assert [d["name"] for d in seen["devices"]] == ["edge", "plaintext"]
    own = octets(http_json("GET", f"{world.gateway}/v1/gateway")[1]["manifest"])
    cyd.json("audit")
    append(world, entry_of(GATEWAY, dict(read(own))[2], 2))
    assert "does not show" in refused(cyd, "REQ-LOG-24", "audit")
    append(world, entry_of(GATEWAY, b"\x31" * 32, 1))
    assert "account key has changed" in refused(cyd, "REQ-LOG-20", "audit")


def test_a_gateway_that_is_not_in_its_log(world):
    """What it shows of itself is signed, but nobody could find it: it may be for one person."""
    dov = world.person("dov", f"im:dov@{NATIVE}")
    with store(world) as db:
        entries = entries_of(db)
        hidden = entry_of(GATEWAY, b"\x31" * 32, 1)
        write_log(db, [hidden] + entries[1:])
    world.stop("teald")
    world.start_gateway()
    refused(dov, "REQ-LOG-15", "verify", GATEWAY)
    found = refused(dov, "REQ-LOG-24", "audit")
    assert "not in its key log" in found and "only other account keys" in found, found


# ---- two logs -------------------------------------------------------------------------------------

def fork(world, folder):
    """A second gateway with the first one's keys, and its store as it is now."""
    other = World(folder, world.build, peers=False)
    other.folder.mkdir(parents=True, exist_ok=True)
    world.stop("teald")
    shutil.copytree(world.folder / "state", other.folder / "state")
    world.start_gateway()
    other.write_config()
    other.start_gateway()
    return other


def test_a_gateway_that_shows_two_logs(world):
    """Each person is served another log under the same name and the same keys; each log is good by
    itself. Comparing heads, in either direction, at equal or other sizes, shows it."""
    cat = world.person("cat", f"im:cat@{NATIVE}")
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(fork(world, folder)) as other:
        dan = other.person("dan", f"im:dan@{NATIVE}")
        world.person("don", f"im:don@{NATIVE}")
        assert cat.json("audit")[-1]["findings"] == dan.json("audit")[-1]["findings"] == 0
        ours, theirs = (p.call("heads")[1].strip() for p in (cat, dan))
        assert head_of(world)["size"] == head_of(other)["size"]
        for person, line in ((cat, theirs), (dan, ours)):
            out = refused(person, "REQ-LOG-17", "heads", "--compare", line)
            assert "TWO LOGS" in out and ours in out and theirs in out, out
        other.person("dot", f"im:dot@{NATIVE}")
        longer = dan.call("heads")[1].strip()
        refused(cat, "TWO LOGS", "heads", "--compare", longer)
        refused(dan, "TWO LOGS", "heads", "--compare", ours)

        # Who is moved from one log to the other finds out alone.
        liar = Liar(world)
        eve = liar.person(world, "eve", f"im:eve@{NATIVE}")
        eve.json("heads")
        other.person("dag", f"im:dag@{NATIVE}")
        liar.swallow = lambda method, path: http(method, other.gateway + path,
                                                 signer=other.operator()) \
            if path.startswith(("/v1/directory", "/v1/log")) else None
        assert "TWO LOGS" in refused(eve, "REQ-LOG-17", "lookup", f"im:dan@{NATIVE}")
        refused(eve, "REQ-LOG-17", "send", f"im:dan@{NATIVE}", "secret")


def main():
    passed = failed = 0
    tests = [item for item in globals().items() if item[0].startswith("test_")
             and (not sys.argv[1:] or any(w in item[0] for w in sys.argv[1:]))]
    build = os.environ.get("TEAL_BUILD", "build/release")
    for name, test in tests:
        # A gateway that lied is not used again.
        with tempfile.TemporaryDirectory() as folder:
            try:
                peers = "another_network" in name
                with World(Path(folder), build, peers=peers) as world:
                    test(world)
                passed += 1
            except Exception:  # a test that fails says which one, and the others run
                failed += 1
                print(f"{name}\n{traceback.format_exc()}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
