#!/bin/sh
# Installs the Debian 12 packages that are missing.
#   install-deps.sh          to build Teal and to run the demonstration
#   install-deps.sh check    and to test it
#   install-deps.sh fuzz     and the second fuzzing engine
# Does nothing, and needs no rights, when all are there. Needs root or sudo otherwise.
set -eu

packages="gcc make pkg-config protobuf-c-compiler
    libmicrohttpd-dev libgnutls28-dev libsodium-dev libprotobuf-c-dev libsqlite3-dev libcurl4-openssl-dev
    libjansson-dev libexpat1-dev libinih-dev libunistring-dev python3"
# unit tests, sanitizer and fuzzer runtimes, Wireshark as a second opinion on what we encode, node
# for the implementation in another language, certtool for certificates of all kinds
check="libcmocka-dev curl clang libclang-rt-14-dev tshark nodejs gnutls-bin"

case "${1:-}" in
"") ;;
check) packages="$packages $check" ;;
fuzz) packages="$packages $check afl++" ;;
*)
    echo "teal: install-deps.sh takes check, fuzz or nothing" >&2
    exit 2
    ;;
esac

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "teal: these packages are missing:$missing" >&2
        echo "teal: run this as root, or install sudo, or: apt-get install$missing" >&2
        exit 1
    fi
    as_root="sudo"
fi

echo "teal: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086  # a list of words is meant
if ! { $as_root apt-get update &&
       $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
     } >"$log" 2>&1; then
    cat "$log" >&2
    echo "teal: apt-get could not install:$missing" >&2
    exit 1
fi
