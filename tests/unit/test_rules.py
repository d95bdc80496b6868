#!/usr/bin/env python3
"""Rules and code agree: PROTOCOL.md defines each rule once, code names only rules that are there, and
whatever a decoder refuses it refuses by one."""
import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RULE = re.compile(r"REQ-[A-Z0-9]+-[0-9]+")
AREA = re.compile(r"(REQ-[A-Z0-9]+)-(?:\*|[0-9])")
# At the start of a line, or alone in the cell of a table.
DEFINED = re.compile(r"(?:^\*\*|\| )(REQ-[A-Z0-9]+-[0-9]+)(?:\*\*| \|)", re.M)
# TEAL_SPACE, where the memory that the caller gave does not suffice, has texts of its own.
NO_RULE = re.compile(r'refuse\(\s*(?:\w+,\s*)??(?:TEAL_SPACE,\s*"|\w+,\s*"(?!REQ-)[^"]*")')


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".c", ".h", ".py", ".proto"}:
                yield path.relative_to(ROOT), path.read_text()


def defined_once(defined):
    return [f"PROTOCOL.md defines {rule} {n} times" for rule, n in Counter(defined).items() if n > 1]


def named_are_defined(defined):
    areas = {rule.rsplit("-", 1)[0] for rule in defined}
    for path, text in sources("codecs", "gateway", "tests", "proto"):
        for rule in sorted(set(RULE.findall(text)) - set(defined)):
            yield f"{path} names {rule}, which PROTOCOL.md does not define"
        for area in sorted(set(AREA.findall(text)) - areas):
            yield f"{path} names {area}-*, an area that PROTOCOL.md does not have"


def refused_by_rule():
    for path, text in sources("codecs"):
        for found in NO_RULE.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, found.start()) + 1} refuses by no rule"


def main():
    protocol = (ROOT / "proto/PROTOCOL.md").read_text()
    defined = DEFINED.findall(protocol)
    undefined = sorted(set(RULE.findall(protocol)) - set(defined))
    checks = {
        "each rule is defined once": defined_once(defined),
        "PROTOCOL.md refers to what it defines": [f"PROTOCOL.md refers to {r}" for r in undefined],
        "code names what is defined": list(named_are_defined(defined)),
        "codecs refuse by a rule": list(refused_by_rule()),
    }
    if len(defined) < 100:
        checks["rules are found"] = [f"only {len(defined)}"]
    for name, wrong in checks.items():
        print(f"{'not ok' if wrong else 'ok'}  {name}")
        for line in wrong:
            print(f"    {line}")
    failed = sum(1 for wrong in checks.values() if wrong)
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
