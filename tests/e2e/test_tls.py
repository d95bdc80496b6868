#!/usr/bin/env python3
"""TLS at the gateway's port (REQ-TLS-*): versions, names, certificates that expire and are replaced
while others talk. The certificates are made here."""
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import warnings
from pathlib import Path

import cases
from certificates import Authority
from harness import Person, until
from native import SigningKey
from signing import Signer, base64url

FOLDER = Path(tempfile.mkdtemp(prefix="teal-tls-"))
CA, OTHER = Authority(FOLDER, "ca"), Authority(FOLDER, "other")
PEER = SigningKey(os.urandom(32))
SHOWN = FOLDER / "shown.pem"  # what the gateway is configured with
SETTINGS = {"tls": {"certificate": str(SHOWN), "key": str(SHOWN.with_suffix(".key"))}}


def show(certificate):
    for ending in (".pem", ".key"):
        shutil.copy(certificate.with_suffix(ending), SHOWN.with_suffix(ending))


class Stage:
    def __init__(self, world):
        self.world = world
        self.alice = Person(world, "alice")


def trusting(*authorities):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for authority in authorities:
        context.load_verify_locations(authority.pem)
    return context


def connection(s, context):
    return http.client.HTTPSConnection("localhost", s.world.gateway_port, timeout=20,
                                       context=context)


def status(c):
    c.request("GET", "/healthz")
    answer = c.getresponse()
    answer.read()
    return answer.status


def refusal(s, context):
    """Why the connection did not come about."""
    try:
        connection(s, context).connect()
    except (ssl.SSLError, ConnectionError) as error:
        return error
    raise AssertionError("the gateway took the connection")


def is_cut_off(s, context):
    """By the gateway, in the handshake; what the client finds wrong by itself is another error."""
    error = refusal(s, context)
    cut = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError)
    return isinstance(error, cut) or "alert" in str(error).lower()


def reload(s, word):
    log = s.world.folder / "teald.log"
    before = log.read_text().count(word)
    s.world.processes["teald"].send_signal(signal.SIGHUP)
    until(word, 20, lambda: log.read_text().count(word) > before)


def test_people_talk_over_it(s):
    s.alice.json("init", "--gateway", s.world.gateway, "--ca", CA.pem, "--name", "laptop")
    s.alice.register("im:alice@native.example")
    noor = Person(s.world, "noor")
    noor.json("init", "--gateway", s.world.gateway, "--ca", os.path.relpath(CA.pem))
    noor.register("im:noor@native.example")
    sent = s.alice.send(noor.handle, "over TLS")
    assert noor.message(message_id=sent["message_id"])["text"] == "over TLS"


def test_teal_verifies_name_and_authority(s):
    port = s.world.gateway_port
    for url, ca, word in [
            (f"https://127.0.0.1:{port}", ["--ca", CA.pem], "does not verify"),
            (s.world.gateway, ["--ca", OTHER.pem], "does not verify"),
            (s.world.gateway, [], "does not verify")]:
        person = Person(s.world, "mallory")
        code, _, err = person.call("init", "--gateway", url, *ca)
        assert code == 6 and word in err and "REQ-TLS-3" in err, (url, ca, code, err)
    code, _, err = person.call("init", "--gateway", s.world.gateway, "--ca", FOLDER / "nowhere.pem")
    assert code == 2 and "nowhere.pem" in err, err


def test_old_versions_are_refused(s):
    warnings.simplefilter("ignore", DeprecationWarning)  # they are old: that is the point
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = trusting(CA)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        assert is_cut_off(s, context), version
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        context = trusting(CA)
        context.minimum_version = context.maximum_version = version
        c = connection(s, context)
        assert status(c) == 200 and c.sock.version() == name
        c.close()


def test_a_weak_cipher_is_refused(s):
    for ciphers, taken in (("ECDHE-ECDSA-AES128-SHA256", False),  # CBC
                           ("ECDHE-ECDSA-AES128-GCM-SHA256", True)):
        context = trusting(CA)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
        if taken:
            assert status(connection(s, context)) == 200
        else:
            assert is_cut_off(s, context), ciphers


def test_clear_text_gets_no_answer(s):
    with socket.create_connection(("localhost", s.world.gateway_port), timeout=20) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        try:
            while piece := plain.recv(4096):
                answer += piece
        except ConnectionResetError:
            pass
    assert b"HTTP" not in answer and b"ok" not in answer, answer
    assert status(connection(s, trusting(CA))) == 200


def test_reload_shows_new_connections_another_one(s):
    first = connection(s, trusting(CA))
    assert status(first) == 200
    socket_before = first.sock
    show(OTHER.server("renewed"))
    reload(s, "tls.reloaded")
    second = connection(s, trusting(OTHER))
    assert status(second) == 200
    assert status(first) == 200 and first.sock is socket_before
    assert isinstance(refusal(s, trusting(CA)), ssl.SSLCertVerificationError)
    show(CA.server("again"))
    reload(s, "tls.reloaded")
    assert status(second) == 200 and status(first) == 200 and first.sock is socket_before
    first.close()
    second.close()


def test_bad_pair_changes_nothing(s):
    good, expired = CA.server("good"), CA.server("expired", valid=("-2 days", "-1 day"))
    show(expired)
    reload(s, "tls.not_reloaded")
    assert status(connection(s, trusting(CA))) == 200
    show(good)
    shutil.copy(expired.with_suffix(".key"), SHOWN.with_suffix(".key"))
    reload(s, "tls.not_reloaded")
    SHOWN.write_text("nothing\n")
    reload(s, "tls.not_reloaded")
    assert status(connection(s, trusting(CA))) == 200
    show(good)


def test_expired_certificate_is_refused_by_teal(s):
    show(CA.server("late", valid=("-2 days", "-1 day")))
    s.world.stop("teald")
    s.world.spawn("teald", [s.world.build / "teald", s.world.config])
    until("teald to listen", 20, lambda: s.world.alive("teald") and listens(s))
    code, _, err = s.alice.call("lookup", s.alice.handle)
    assert code == 6 and "REQ-TLS-3" in err and "expired" in err, err
    show(CA.server("in-time"))
    reload(s, "tls.reloaded")
    assert s.alice.json("lookup", s.alice.handle)


def listens(s):
    try:
        socket.create_connection(("localhost", s.world.gateway_port), timeout=2).close()
        return True
    except OSError:
        return False


def test_networks_come_with_a_certificate(s):
    """REQ-TLS-4: beside the signature, not in its place."""
    s.world.stop("teald")
    s.world.settings = {
        "tls": {**SETTINGS["tls"], "client_ca": str(CA.pem)},
        "peer other": {"domains": "other.example", "url": "https://other.example",
                       "keys": base64url(PEER.public)}}
    s.world.write_config()
    s.world.start_gateway()
    assert s.alice.json("lookup", s.alice.handle)  # devices need none
    url = f"{s.world.gateway}/v1/directory/{s.alice.handle}"
    rows = [(None, True, 403), (CA.client("stranger", "another.example"), True, 403),
            (OTHER.client("forged", "other.example"), True, 403),
            (CA.client("stale", "other.example", ("-2 days", "-1 day")), True, 403),
            (CA.client("right", "other.example"), True, 200),
            (CA.client("unsigned", "other.example"), False, 401)]
    for certificate, signs, want in rows:
        context = trusting(CA)
        if certificate:
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        c = connection(s, context)
        fields = Signer.by_key(PEER).fields("GET", url) if signs else {}
        c.request("GET", url.removeprefix(s.world.gateway), headers=fields)
        answer = c.getresponse()
        body = json.loads(answer.read())
        assert answer.status == want, (certificate, body)
        if want == 403:
            assert body["type"] == "urn:teal:problem:certificate-required", body
            assert body["requirement"] == "REQ-TLS-4", body
        c.close()


def test_a_network_with_its_own_authority(s):
    """One that is added while the gateway runs, and asks for a certificate of the gateway's."""
    seen = []

    class Directory(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.connection.getpeercert()["subject"][0][0][1])
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    both = CA.make("both", 'tls_www_server\ntls_www_client\ndns_name = "localhost"\nsigning_key\n'
                           "expiration_days = 1\n", CA)
    show(both)
    s.world.stop("teald")
    s.world.start_gateway()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = OTHER.server("their-own")
    context.load_cert_chain(pair, pair.with_suffix(".key"))
    context.load_verify_locations(CA.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://localhost:{server.server_port}"
    for path, reached in ((CA.pem, False), (OTHER.pem, True), (None, False)):
        own = ["--ca-file", path] if path else []
        s.world.operate("peer", "--ca", CA.pem, "add", "aside", url, "--domains", "aside.example",
                        *own)
        before, handle = len(seen), f"im:{'reached' if reached else 'cut'}@aside.example"
        if reached:  # once the gateway has stopped backing off
            until("a request", 20, lambda handle=handle, before=before:
                  s.alice.call("lookup", handle) and len(seen) > before)
        else:
            assert s.alice.call("lookup", handle)[0] == 3 and len(seen) == before, (path, seen)
    assert set(seen) == {"both"}, seen
    listed = s.world.operate("peer", "--ca", CA.pem, "list")
    assert [p.get("ca") for p in listed if p["name"] == "aside"] == [None]
    server.shutdown()


def test_1_3_alone(s):
    s.world.stop("teald")
    s.world.settings = {"tls": {**SETTINGS["tls"], "minimum": "1.3"}}
    s.world.write_config()
    s.world.start_gateway()
    context = trusting(CA)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert is_cut_off(s, context)
    c = connection(s, trusting(CA))
    assert status(c) == 200 and c.sock.version() == "TLSv1.3"


def test_unusable_files_stop_the_start(s):
    s.world.stop("teald")
    key = SHOWN.with_suffix(".key")
    key.chmod(0o604)
    done = subprocess.run([s.world.build / "teald", s.world.config], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 78 and str(key) in done.stderr and "chmod" in done.stderr, done.stderr
    key.chmod(0o600)
    s.world.start_gateway()


if __name__ == "__main__":
    os.environ["SSL_CERT_FILE"] = str(CA.pem)  # whom the harness trusts
    show(CA.server("first"))
    try:
        cases.main(globals(), Stage, settings=SETTINGS, peers=False, scheme="https")
    finally:
        shutil.rmtree(FOLDER)
