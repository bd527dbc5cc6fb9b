"""Find what some code reaches by its imports: which definitions of which `qkv` files.

A chapter's module grows with its chapter, and a study of half an hour hangs on a class or two of
it. So only the definitions that are imported count, with all that these use in turn.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ALL = "*"  # stands for every name of a file
NAMELESS = ""  # stands for what defines no name: importing the file runs it, whatever is asked


def reach(texts: list[str], package: Path) -> tuple[dict[Path, str], set[str]]:
    """Return the files of `qkv` behind the texts, and the names of other packages.

    Each Python file comes with the code in it that is reached, without comments and docstrings;
    any other file, data beside a package's modules, with nothing.
    """
    files: dict[Path, _File] = {}
    assets: set[Path] = set()
    packages: set[str] = set()
    cells = ast.Module([statement for text in texts for statement in parsed(text).body], [])
    waiting = list(_imports(cells, "", _uses(cells)))
    while waiting:
        module, name, uses = waiting.pop()
        if module != "qkv" and not module.startswith("qkv."):
            packages.add(module.partition(".")[0])
            continue
        for file, wanted in _files(module, name, uses, package):
            if file.suffix != ".py":
                assets.add(file)
                continue
            if file not in files:
                files[file] = _File(file, package)
            waiting += files[file].want(wanted)
    code = {file: "" for file in assets} | {path: file.code() for path, file in files.items()}
    return code, packages - set(sys.stdlib_module_names)


class _Import(NamedTuple):
    """What an import brings in: a name of a module (`ALL`: the module as a whole).

    uses: should the name be a module too, the names that are asked of it.
    """

    module: str
    name: str
    uses: set[str]


class _File:
    """A Python file, and which of its statements are wanted."""

    def __init__(self, path: Path, package: Path):
        self.text = path.read_text(encoding="utf-8")
        self.home = ".".join(["qkv", *path.relative_to(package).parent.parts])
        self.wanted: set[str] = set()
        self.chosen: set[int] = set()
        self.imported: set[str] = set()

    @cached_property
    def statements(self) -> list[ast.stmt]:
        return parsed(self.text).body

    @cached_property
    def definers(self) -> dict[str, list[int]]:
        """The statements that define each name."""
        definers: dict[str, list[int]] = {NAMELESS: []}
        for i, statement in enumerate(self.statements):
            for name in _defined(statement) or {NAMELESS}:
                definers.setdefault(name, []).append(i)
        return definers

    @cached_property
    def uses(self) -> dict[str, set[str]]:
        """What is asked of each name in this file."""
        return _uses(ast.Module(self.statements, []))

    def want(self, names: set[str]) -> list["_Import"]:
        """Choose what defines the names, with all that it uses; return the imports behind it."""
        asked = {NAMELESS, *(self.definers if ALL in names else names)}
        todo = asked & set(self.definers) - self.wanted
        found = []
        while todo:
            name = todo.pop()
            self.wanted.add(name)
            for i in self.definers[name]:
                statement = self.statements[i]
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    for alias in statement.names:
                        if name == _bound(alias) or alias.name == ALL:
                            found += _imports(_only(statement, alias), self.home, self.uses)
                            self.imported.add(ast.unparse(_only(statement, alias)))
                elif i not in self.chosen:
                    self.chosen.add(i)
                    found += _imports(statement, self.home, self.uses)
                    used = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
                    todo |= used & set(self.definers) - self.wanted
        return found

    def code(self) -> str:
        """Return the imports and statements that are wanted, sorted by the names they define."""
        lines = _bare(self.text).split("\n")
        parts = sorted(self.imported)
        # A definition may move; what defines nothing, or adds to a name, keeps its order.
        for i in sorted(self.chosen, key=lambda i: (sorted(_defined(self.statements[i])), i)):
            statement = self.statements[i]
            decorators = getattr(statement, "decorator_list", [])
            start = min([statement.lineno, *(d.lineno for d in decorators)])
            block = [line for line in lines[start - 1 : statement.end_lineno] if line.strip()]
            parts.append("\n".join(block))
        return "\n".join(part for part in parts if part)


def _defined(statement: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a file defines; none if it does more."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Import() | ast.ImportFrom():
            return {_bound(alias) for alias in statement.names} - {ALL}
        case ast.Assign(targets=targets):
            inside = [n for target in targets for n in ast.walk(target)]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            inside = list(ast.walk(target))
        case _:
            return set()
    plain = all(isinstance(n, ast.Name | ast.Tuple | ast.List | ast.Store) for n in inside)
    return {n.id for n in inside if isinstance(n, ast.Name)} if plain else set()


def _bound(alias: ast.alias) -> str:
    """Return the name that an import gives: `b` of `from a import b`, `a` of `import a.b`."""
    return alias.asname or alias.name.partition(".")[0]


def _only(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    """Return the import of one of its names alone."""
    if isinstance(statement, ast.Import):
        return ast.Import(names=[alias])
    return ast.ImportFrom(module=statement.module, names=[alias], level=statement.level)


def _uses(tree: ast.AST) -> dict[str, set[str]]:
    """Return, for each name in a tree, the attributes that are read of it.

    `ALL` is among them when the name also stands alone: then anything may be asked of it.
    """
    uses: dict[str, set[str]] = {}
    asked = set()
    for node in ast.walk(tree):  # from the top down: an attribute comes before its name
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses.setdefault(node.value.id, set()).add(node.attr)
            asked.add(node.value)
        elif isinstance(node, ast.Name) and node not in asked:
            uses.setdefault(node.id, set()).add(ALL)
    return uses


def _imports(tree: ast.AST, home: str, uses: dict[str, set[str]]) -> Iterator[_Import]:
    """Yield the imports in a tree.

    home: the package in which the code lies, for imports that begin with a dot.
    uses: what is asked of each name.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (_Import(alias.name, ALL, {ALL}) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = home.split(".")[: len(home.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                yield _Import(base, alias.name, uses.get(_bound(alias), set()))


def _files(
    module: str, name: str, uses: set[str], package: Path
) -> Iterator[tuple[Path, set[str]]]:
    """Yield the files that an import brings in, and the names wanted of each.

    They are the packages around it, data beside their modules, and the module itself. The name may
    be a module too, of which `uses` are asked.
    """
    parts = module.split(".")[1:]
    for depth in range(len(parts) + 1):
        folder = package.joinpath(*parts[:depth])
        last = depth == len(parts)
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py", {name} if last else set()
            if depth:
                yield from ((file, set()) for file in folder.rglob("*") if _is_asset(file))
            if last and (folder / f"{name}.py").is_file():
                yield folder / f"{name}.py", uses
            if last and (folder / name / "__init__.py").is_file():
                yield from _files(f"{module}.{name}", ALL, {ALL}, package)
        elif depth and folder.with_suffix(".py").is_file():
            yield folder.with_suffix(".py"), {name}


def _is_asset(file: Path) -> bool:
    # Scripts and styles run in the browser: no stored output holds anything of them.
    apart = file.name.startswith(".") or file.suffix in {".tmp", ".pyc", ".py", ".js", ".css"}
    return file.is_file() and not apart


def parsed(code: str) -> ast.Module:
    """Return the tree of a cell or file; lines such as %matplotlib or !ls are turned into calls."""
    try:
        return ast.parse(code)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager
    try:
        return ast.parse(TransformerManager().transform_cell(code))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])  # the run will say what is wrong with it


def _bare(code: str) -> str:
    """Return Python code with its comments and docstrings blanked, line for line."""
    lines = code.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for node in ast.walk(ast.parse(code)):
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if inside and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            alone = node.lineno < docstring.lineno
            for row in range(docstring.lineno, docstring.end_lineno + 1) if alone else ():
                lines[row - 1] = ""
    return "\n".join(lines)
