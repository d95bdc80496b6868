"""Looks for octets in the memory of a process, and in files."""
import array
import re
from pathlib import Path

CHUNK = 1 << 20
PAGE = 4096
TOUCHED = 3 << 62  # of an entry in /proc/PID/pagemap: present, or swapped out
# AddressSanitizer's shadow on x86-64: terabytes that say which octets may be touched, no content.
SHADOW = range(0x7FFF8000, 0x10007FFF8000)


def readable_maps(pid):
    """(start, end) of what the process can read."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        start, end, may, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
        start, end = int(start, 16), int(end, 16)
        if may[0] == "r" and start not in SHADOW and name not in ("[vvar]", "[vsyscall]"):
            yield start, end


def touched(pagemap, start, end):
    """Pieces of a mapping that the process has ever put something into."""
    pagemap.seek(start // PAGE * 8)
    entries = array.array("Q", pagemap.read((end - start) // PAGE * 8))
    piece = None
    for page, entry in enumerate(entries):
        if entry & TOUCHED and piece is None:
            piece = start + page * PAGE
        elif not entry & TOUCHED and piece is not None:
            yield piece, start + page * PAGE
            piece = None
    if piece is not None:
        yield piece, end


def find(stream, start, end, needles, found):
    """Adds the names of those needles that stand between start and end. They may cross chunks."""
    overlap = max(len(octets) for octets in needles.values()) - 1
    tail = b""
    for at in range(start, end, CHUNK):
        stream.seek(at)
        chunk = tail + stream.read(min(CHUNK, end - at))
        found.update(name for name, octets in needles.items() if octets in chunk)
        tail = chunk[-overlap:]


def in_process(pid, needles):
    """(names of the needles ({name: octets}) that its memory holds, octets looked at)"""
    found, looked_at = set(), 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for mapping in readable_maps(pid):
            try:
                for start, end in touched(pagemap, *mapping):
                    find(memory, start, end, needles, found)
                    looked_at += end - start
            except OSError:
                continue  # gone meanwhile, or a device's
    return found, looked_at


def in_files(folder, needles):
    """{(file, name of the needle), …} of all files below."""
    found = set()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            octets = path.read_bytes()
            found.update((path.name, name) for name, needle in needles.items() if needle in octets)
    return found
