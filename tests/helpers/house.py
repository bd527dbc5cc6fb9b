"""The drawing of the house: rooms, what stands in them, and what uses what, taken from the code.

python tests/helpers/house.py      draws it anew into CONTRIBUTING.md
"""

import re
from pathlib import Path

import grimp

START, END = "<!-- the house -->\n", "<!-- end of the house -->\n"
ROOT = Path(__file__).resolve().parents[2]


def rooms() -> dict[str, list[str]]:
    """Return the rooms of `qkv`, each with its modules; a module beside the rooms has none."""
    package = ROOT / "src" / "qkv"
    found = {path.stem: [] for path in package.glob("*.py") if path.stem != "__init__"}
    for folder in package.glob("*/__init__.py"):
        inside = [p for p in folder.parent.iterdir() if p.suffix == ".py" or _is_package(p)]
        found[folder.parent.name] = sorted(p.stem for p in inside if p.stem != "__init__")
    return dict(sorted(found.items()))


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


def uses() -> set[tuple[str, str]]:
    """Return which room uses which, by the imports of their modules."""
    graph = grimp.build_graph("qkv")
    found = set()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            pair = _room(module), _room(other)
            if all(pair) and pair[0] != pair[1]:
                found.add(pair)
    return found


def _room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def direct(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs without those that follow from others: what is used is used at length."""
    below: dict[str, set[str]] = {}
    for one, other in pairs:
        below.setdefault(one, set()).add(other)

    def reached(room: str) -> set[str]:
        near = below.get(room, set())
        return near.union(*(reached(other) for other in near))

    return {
        (one, other)
        for one, other in pairs
        if not any(other in reached(between) for between in below[one] - {other})
    }


def drawing() -> str:
    """Return the drawing as a Mermaid diagram, which code hosts show as a picture."""
    lines = ["```mermaid", "flowchart TD"]
    for room, modules in rooms().items():
        inside = f"<br><small>{' · '.join(modules)}</small>" if modules else ""
        lines.append(f'  {room}["<b>{room}</b>{inside}"]')
    lines += [f"  {one} --> {other}" for one, other in sorted(direct(uses()))]
    return "\n".join([*lines, "```", ""])


def drawn() -> str:
    """Return the drawing that stands in CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return text.partition(START)[2].partition(END)[0]


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    pattern = re.compile(f"{START}.*{END}", re.DOTALL)
    text = page.read_text("utf-8")
    page.write_text(pattern.sub(lambda _: START + drawing() + END, text), "utf-8")
