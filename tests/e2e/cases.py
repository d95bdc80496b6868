"""Runs the functions of a script that are named test_*, in the order in which they stand, in one
world. Each begins with peers that behave; what the processes left behind is a test of its own."""
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from harness import World

# As tests/run-all has them: whoever starts one script alone finds the same defects.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
REPORT = re.compile(rb"(AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:)")


class Skip(Exception):
    """Why a test cannot say anything here."""


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def case(self, name, test):
        started = time.monotonic()
        try:
            test()
            self.passed += 1
            print(f"ok      {name} ({time.monotonic() - started:.1f} s)", flush=True)
            return True
        except Skip as why:
            self.skipped += 1
            print(f"skipped {name}: {why}", flush=True)
        except Exception:  # whatever it is, the others run
            self.failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        return False


def calm(world):
    """Whatever the test before has told the peers is over."""
    if world.peers:
        world.smsc_behave(submit="ok", times=0, receipts="delivered")
        world.rcs_behave("normal")


def ends_well(world):
    """Every process ends as asked, and no sanitizer has found anything in its life."""
    statuses = {name: world.stop(name) for name in reversed(list(world.processes))}
    for log in sorted(world.folder.glob("*.log")):
        text = log.read_bytes()
        report = REPORT.search(text)
        assert not report, f"{log.name}:\n" + text[report.start() - 200:][:6000].decode(
            errors="replace")
    assert not any(statuses.values()), statuses


def main(names, prepare=lambda world: world, **options):
    """Ends the script. prepare: makes what the tests are given, of a world that has started. Words
    on the command line: only the tests that have one of them in their names."""
    for variable, value in SANITIZERS.items():
        os.environ.setdefault(variable, value)
    wanted = sys.argv[1:] or [""]
    tests = [(name, test) for name, test in names.items()
             if name.startswith("test_") and any(word in name for word in wanted)]
    world = World(Path(tempfile.mkdtemp(prefix="teal-")), "build/asan", **options)
    counts = Counts()
    try:
        given = []
        if counts.case("starts", lambda: given.append(prepare(world.start()))):
            for name, test in tests:
                calm_first = lambda run=test: (calm(world), run(given[0]))
                counts.case(name.removeprefix("test_"), calm_first)
        counts.case("ends_well", lambda: ends_well(world))
    finally:
        world.close()
    if counts.failed:
        print_logs(world)
    shutil.rmtree(world.folder)
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    print(f"{counts.passed} passed, {counts.failed} failed{skipped}")
    sys.exit(1 if counts.failed else 0)


def print_logs(world):
    for log in sorted(world.folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        print(f"---- the end of {log.name}\n" + "\n".join(lines[-40:]))
