"""Find what some code reaches by its imports: which definitions of `qkv`, and which data.

A chapter's module grows with its chapter, and a study of half an hour hangs on a class or two of
it. So only the definitions that are imported count, with all that these use in turn. Where they
lie doesn't: each is told by what it says and by what its names lead to.
"""

import ast
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from qkv.notebook.files import read_text
from qkv.notebook.syntax import ALL, bound, chains, defined, is_text, parsed, shape_of, walk

# The functions that read data which others write: by module and name, what they read. Their first
# argument is the name of the file.
READERS = {
    ("study", "results"): "results",
    ("quiz.asking", "ask"): "bank",
    ("quiz.banks", "load_bank"): "bank",
    ("quiz.banks", "progress_state"): "bank",
}


@dataclass
class Reached:
    """What some code reaches.

    code: a line for each statement of it and of `qkv`; two lists are equal if the code runs alike.
    assets: files beside the modules that are no Python. packages: the names of other packages.
    asked: what data it reads, as ("results", name) or ("bank", name); `ALL` for a name that only
    the run will know.
    """

    code: list[str] = field(default_factory=list)
    assets: set[Path] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)


def reach(texts: list[str], package: Path) -> Reached:
    """Return what the texts, cells or scripts in this order, reach in the `qkv` at `package`."""
    statements = [statement for text in texts for statement in parsed(text).body]
    return _Walk(package).over(_File(None, "", statements))


class _Place(NamedTuple):
    """A statement of a file."""

    file: "_File"
    number: int


class _File:
    """A Python file of `qkv`, or the code that the walk starts at."""

    def __init__(self, path: Path | None, home: str, statements: list[ast.stmt]):
        self.path, self.home, self.statements = path, home, statements

    @cached_property
    def definers(self) -> dict[str, list[int]]:
        """The statements that define each name; under "" those that only do something."""
        definers: dict[str, list[int]] = {"": []}
        for i, statement in enumerate(self.statements):
            for name in defined(statement) or {""}:
                definers.setdefault(name, []).append(i)
        return definers

    @cached_property
    def stars(self) -> list[str]:
        """The modules all of whose names the file imports."""
        return [
            _module(statement, self.home)
            for statement in self.statements
            if isinstance(statement, ast.ImportFrom) and statement.names[0].name == ALL
        ]

    def text_of(self, name: str, statement: ast.stmt) -> str | None:
        """Return the text that a name of the file always has in a statement, if that is plain."""
        places = self.definers.get(name, [])
        value = getattr(self.statements[places[0]], "value", None) if len(places) == 1 else None
        set_at = [n for s in self.statements for n in ast.walk(s) if _sets(n, name)]
        again = len(set_at) != 1 or any(
            isinstance(n, ast.arg) and n.arg == name for n in ast.walk(statement)
        )
        return None if again else _text(value)


def _sets(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)


def _text(node: ast.AST | None) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


class _Walk:
    """Goes through all that is reached, breadth first, and numbers it on the way."""

    def __init__(self, package: Path):
        self.package = package
        self.files: dict[Path, _File] = {}
        self.numbers: dict[tuple[int, int], int] = {}
        self.waiting: deque[_Place] = deque()
        self.found = Reached()

    def over(self, start: _File) -> Reached:
        """Walk from the statements of `start`."""
        self.begin(start)
        while self.waiting:
            place = self.waiting.popleft()
            statement = place.file.statements[place.number]
            links = list(self.links(place.file, statement))
            self.found.code.append(f"{shape_of(statement)} {links}")
        self.found.packages -= set(sys.stdlib_module_names)
        return self.found

    def begin(self, start: _File) -> None:
        """Take in every statement; what is imported counts by name, in whatever order it stands."""
        imports: dict[str, list[object]] = {}
        for i, statement in enumerate(start.statements):
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                self.number(_Place(start, i))
                continue
            for alias in statement.names:
                asked = _asked(_attributes(start.statements, _label(alias, statement)))
                link = self.imported(statement, alias, start.home, asked)
                imports.setdefault(bound(alias), []).append(link)
        self.found.code.append(f"imports {sorted(imports.items())}")

    def number(self, place: _Place) -> int:
        """Return the number of a statement, which is gone through in its turn."""
        key = id(place.file), place.number
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers)
            self.waiting.append(place)
        return self.numbers[key]

    def links(self, file: _File, statement: ast.stmt) -> Iterator[tuple[str, object]]:
        """Yield what each name in a statement leads to, in the order of the names."""
        used = list(chains(statement))
        names = sorted({chain.partition(".")[0] for chain, _ in used})
        for name in names:
            places = file.definers.get(name, [])
            for i in places:
                definer = file.statements[i]
                if not isinstance(definer, ast.Import | ast.ImportFrom):
                    yield name, self.number(_Place(file, i))
                    continue
                for alias in definer.names:
                    if bound(alias) == name:
                        yield name, self.through(file, statement, definer, alias)
            for module in () if places else file.stars:
                yield name, self.followed(file, statement, name, module, name, {ALL})
        for node in walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    yield bound(alias), self.through(file, statement, node, alias)

    def through(self, file, statement, definer, alias) -> object:
        """Return what a name leads to, in a statement, through an import of its file."""
        label = _label(alias, definer)
        attributes = _asked(_attributes([statement], label))
        if isinstance(definer, ast.Import):
            return self.followed(file, statement, label, alias.name, None, attributes)
        module = _module(definer, file.home)
        return self.followed(file, statement, label, module, alias.name, attributes)

    def followed(self, file, statement, label, module, name, attributes) -> object:
        """Return where a name of a module leads, and note what data is asked for on that way."""
        if not _own(module):
            self.found.packages.add(module.partition(".")[0])
            return f"{module} {name or ''}"
        found = self.targets(module, name, attributes)
        for attribute, places in found:
            reads = {reader for place in places if (reader := self.reader(place, file))}
            way = f"{label}.{attribute}" if attribute else label
            for reader in reads:
                for argument in _arguments(file, statement, way):
                    self.found.asked.add((reader, argument))
        return self.numbered(found)

    def imported(self, statement, alias, home, attributes) -> object:
        """Return where an import leads; it asks for no data by itself."""
        plain = isinstance(statement, ast.Import)
        module = alias.name if plain else _module(statement, home)
        if not _own(module):
            self.found.packages.add(module.partition(".")[0])
            return f"{module} {'' if plain else alias.name}"
        found = self.targets(module, None if plain else alias.name, attributes)
        return self.numbered(found)

    def numbered(self, found: list[tuple[str, list[_Place]]]) -> list[tuple[str, list[int]]]:
        """Return what `targets` found with numbers for the statements."""
        return [(name, [self.number(place) for place in places]) for name, places in found]

    def reader(self, place: _Place, asking: _File) -> str | None:
        """Return what data a statement of `qkv` reads for others."""
        if place.file.path is None or place.file is asking:
            return None
        parts = place.file.path.relative_to(self.package).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        names = defined(place.file.statements[place.number])
        return next((READERS[module, n] for n in names if (module, n) in READERS), None)

    def targets(
        self, module: str, name: str | None, attributes: Iterable[str]
    ) -> list[tuple[str, list[_Place]]]:
        """Return the statements that an import leads to.

        They stand under "" if the name is defined by the module. If it is a module itself, or if
        there is no name, they stand under the attributes that are asked of the module.
        """
        found = []
        file = self.enter(module)
        if file is None:
            return [("missing", [])]
        if name is None or name == ALL:
            whole = name == ALL or ALL in attributes
            asked = sorted(set(file.definers) - {""}) if whole else sorted(attributes)
            for attribute in asked:
                places = self.definitions(file, attribute, set())
                if not places:  # a module of this package
                    inside = self.targets(f"{module}.{attribute}", None, {ALL})
                    places = [place for _, more in inside for place in more]
                found.append((attribute, places))
            return found
        places = self.definitions(file, name, set())
        if places:
            found.append(("", places))
        if self.source(f"{module}.{name}"):
            found += self.targets(f"{module}.{name}", None, attributes)
        return found or [("missing", [])]

    def definitions(self, file: _File, name: str, seen: set) -> list[_Place]:
        """Return the statements that define a name of a file, there or in another."""
        if (file.path, name) in seen:
            return []
        seen.add((file.path, name))
        found = []
        for i in file.definers.get(name, []):
            statement = file.statements[i]
            if isinstance(statement, ast.ImportFrom) and _own(_module(statement, file.home)):
                found += self.passed_on(statement, name, file, seen)
            else:
                found.append(_Place(file, i))
        for module in () if found else filter(_own, file.stars):
            if other := self.enter(module):
                found += self.definitions(other, name, seen)
        return found

    def passed_on(self, statement, name, file, seen) -> list[_Place]:
        """Return the definitions of a name that a file of `qkv` imports from another."""
        found = []
        module = _module(statement, file.home)
        for alias in statement.names:
            other = self.enter(module) if bound(alias) == name else None
            if other:
                found += self.definitions(other, alias.name, seen)
            if other and self.source(f"{module}.{alias.name}"):
                inside = self.targets(f"{module}.{alias.name}", None, {ALL})
                found += [place for _, more in inside for place in more]
        return found

    def enter(self, module: str) -> _File | None:
        """Return the file of a module, once what importing it does is taken in.

        That is what it and the packages around it do by themselves, and data beside them.
        """
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            path = self.source(".".join(parts[:depth]))
            if path is None:
                return None
            if path in self.files:
                continue
            home = ".".join(["qkv", *path.relative_to(self.package).parent.parts])
            self.files[path] = file = _File(path, home, parsed(read_text(path)).body)
            if path.name == "__init__.py" and depth > 1:
                self.found.assets |= {f for f in path.parent.rglob("*") if _is_asset(f)}
            for i in file.definers[""]:
                if not is_text(file.statements[i]):
                    self.number(_Place(file, i))
        return self.files[path]  # type: ignore[index]

    def source(self, module: str) -> Path | None:
        """Return the file of a module of `qkv`."""
        folder = self.package.joinpath(*module.split(".")[1:])
        inside = folder / "__init__.py"
        beside = folder.with_suffix(".py")
        return inside if inside.is_file() else beside if beside.is_file() else None


def _own(module: str) -> bool:
    return module == "qkv" or module.startswith("qkv.")


def _module(statement: ast.ImportFrom, home: str) -> str:
    """Return the module that a statement in the package `home` imports from."""
    base = [statement.module] if statement.module else []
    if not statement.level:
        return ".".join(base)
    above = home.split(".")[: len(home.split(".")) - statement.level + 1]
    return ".".join([*above, *base])


def _label(alias: ast.alias, statement: ast.stmt) -> str:
    """Return how code calls what it imports: `b` of `from a import b`, `a.b` of `import a.b`."""
    return alias.asname or alias.name if isinstance(statement, ast.Import) else bound(alias)


def _attributes(statements: list[ast.stmt], label: str) -> Iterator[str]:
    """Yield what statements ask of a name; `ALL` where it stands alone."""
    for statement in statements:
        for chain, _ in chains(statement):
            if chain.startswith(f"{label}."):
                yield chain.removeprefix(f"{label}.").partition(".")[0]
            elif chain == label or label.startswith(f"{chain}."):
                yield ALL


def _asked(attributes: Iterable[str]) -> set[str]:
    asked = set(attributes)
    return {ALL} if ALL in asked else asked


def _arguments(file: _File, statement: ast.stmt, way: str) -> Iterator[str]:
    """Yield the first argument of each call by the name `way` in a statement; `ALL` if unknown."""
    for chain, call in chains(statement):
        if chain == way and call is not None:
            values = [*call.args, *(word.value for word in call.keywords)]
            name = values[0] if values else None
            text = file.text_of(name.id, statement) if isinstance(name, ast.Name) else _text(name)
            yield text or ALL
        elif chain.startswith(f"{way}.") or chain == way or way.startswith(f"{chain}."):
            yield ALL


def _is_asset(file: Path) -> bool:
    # Scripts and styles run in the browser: no stored output holds anything of them.
    apart = file.name.startswith(".") or file.suffix in {".tmp", ".pyc", ".py", ".js", ".css"}
    return file.is_file() and not apart
