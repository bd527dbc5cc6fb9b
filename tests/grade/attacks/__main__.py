"""Run every attack and print the table: python -m tests.grade.attacks [NAME …]."""

import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tests.grade.attacks.arena import NAMES, attack, kind

SHIPPED = Path(__file__).with_name("shipped.json")


def main(names: list[str]) -> int:
    """Attack with the named cases (all by default); return how many were not contained."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacked-") as folder:
        result = attack(Path(folder), names, workers=2)
    shipped = json.loads(SHIPPED.read_text()) if SHIPPED.exists() else {}
    classes = defaultdict(list)
    for name in names:
        classes[kind(name)].append(name)
    print("| class | attacks | contained | nbgrader as shipped |\n|---|---|---|---|")
    for title, members in classes.items():
        good = sum(not result[name] for name in members)
        theirs = sum(not shipped[name] for name in members if name in shipped)
        tried = sum(name in shipped for name in members)
        print(f"| {title} | {len(members)} | {good} | {theirs} of {tried} |")
    good = sum(not found for found in result.values())
    tried = [name for name in names if name in shipped]
    theirs = sum(not shipped[name] for name in tried)
    print(f"| all | {len(names)} | {good} | {theirs} of {len(tried)} |")
    seconds = (time.monotonic() - began) / (len(names) + 2)
    print(f"\n{seconds:.2f} s a submission")
    for name, found in result.items():
        if found:
            print(f"NOT CONTAINED {name}: {'; '.join(found)}")
    return len(names) - good


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:] or NAMES) else 0)
