"""What the teacher's source text says: which names it binds and uses, what is hidden, which hints.

Only the teacher's sources are read here, never a student's.
"""

import ast
import functools
import importlib.util
import re
import sys
from collections.abc import Iterable
from pathlib import Path


def parse(source: str) -> ast.Module | None:
    """Return the syntax tree of a teacher's cell without IPython's magics; None if it has none."""
    lines = [
        re.sub(r"^(\s*)[%!?].*", r"\1pass", line) if line.lstrip()[:1] in ("%", "!", "?") else line
        for line in source.splitlines()
    ]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


class _Bound(ast.NodeVisitor):
    """Collects the names that a module binds, not those of its functions' insides."""

    def __init__(self):
        self.names = set()

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Store | ast.Del):
            self.names.add(node.id)

    def visit_FunctionDef(self, node):
        self.names.add(node.name)

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node):
        pass

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_Lambda  # noqa: N815

    def visit_Import(self, node):
        for alias in node.names:
            self.names.add((alias.asname or alias.name).split(".")[0])

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_ExceptHandler(self, node):
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)


def bound(tree: ast.Module | None) -> set[str]:
    """Return the names that a module binds at its top level."""
    visitor = _Bound()
    if tree is not None:
        visitor.visit(tree)
    return visitor.names


def loaded(tree: ast.Module) -> set[str]:
    """Return the names that a module reads anywhere."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def imports(source: str, taken: Iterable[str] = ()) -> str:
    """Return the imports of a cell, wherever in it they stand, as source for the trusted side.

    Those at the top level come last and as they are; those inside `try` or `if` before them, the
    deepest first, so that what is tried first wins. An import inside a function or a class counts
    too, unless its name is among `taken`. What only the notebook's own folder has is left out:
    the student may have written it.
    """
    tree = parse(source)
    found = _imported(tree, set(taken)) if tree else []
    found.sort(key=lambda item: -item[0])
    # An import that fails leaves alone what another has bound.
    return "\n".join(
        f"try:\n    {line}\nexcept Exception:\n    pass" if depth else line
        for depth, line in ((depth, ast.unparse(node)) for depth, node in found)
    )


def binds(source: str, taken: Iterable[str] = ()) -> set[str]:
    """Return the names that are the student's where this is the solution: all but its modules."""
    tree = parse(source)
    if tree is None:
        return set()
    defined = {n.name for n in _same_scope(tree) if isinstance(n, _SCOPES)}
    return (bound(tree) - bound(parse(imports(source, taken)))) | defined


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _same_scope(tree):
    """Yield the nodes of a module's own scope: not what is inside its functions and classes."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, (*_SCOPES, ast.Lambda)):
            yield from _same_scope(node)


def _imported(tree, taken):
    """Return (depth, import) for each name that a cell takes from an installed module."""
    taken = taken | bound(tree)
    found = []

    def visit(node, depth, own):
        for child in map(_as_import, ast.iter_child_nodes(node)):
            if isinstance(child, ast.Import | ast.ImportFrom):
                found.extend((depth, one) for one in _each(child) if own or _name(one) not in taken)
            else:
                visit(child, depth + 1, own and not isinstance(child, _SCOPES))

    visit(tree, 0, True)
    return found


def _as_import(node):
    """Return `np = importlib.import_module("numpy")` as `import numpy as np`; else the node."""
    match node:
        case ast.Assign([ast.Name(target)], ast.Call(function, [ast.Constant(str(module)), *_])):
            called = ast.unparse(function).rpartition(".")[2]
            if called == "import_module":
                return ast.Import([ast.alias(module, target)])
            if called == "__import__":
                return ast.Import([ast.alias(module.partition(".")[0], target)])
    return node


def _each(node):
    """Yield an import name by name, without those that are not installed."""
    for alias in node.names:
        if isinstance(node, ast.Import) and _installed(alias.name):
            yield ast.Import([alias])
        elif isinstance(node, ast.ImportFrom) and not node.level and _installed(node.module or ""):
            yield ast.ImportFrom(node.module, [alias], 0)


def _name(node):
    return (node.names[0].asname or node.names[0].name).split(".")[0]


@functools.cache
def _installed(module: str) -> bool:
    """Whether Python itself has a module: not only the folder in which this runs."""
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return True
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec else []
    return bool(places) and all(Path(place).parent != Path.cwd() for place in places)


def hidden_lines(source: str) -> set[int]:
    """Return the numbers of the lines between nbgrader's marks for hidden tests."""
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        if "BEGIN HIDDEN TESTS" in line:
            inside = True
        if inside:
            lines.add(number)
        if "END HIDDEN TESTS" in line:
            inside = False
    return lines


def hints(tree: ast.Module) -> list[str]:
    """Return the sentences of a test that may be shown although it is hidden, longest first.

    They are written out in the test: the message of an assertion or of an exception, and the keys
    of a dictionary (hint -> wrong result). What a test computes at run time is not among them.
    """
    found = set()
    for node in ast.walk(tree):
        parts = []
        if isinstance(node, ast.Assert) and node.msg is not None:
            parts = [node.msg]
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            parts = node.exc.args
        elif isinstance(node, ast.Dict):
            parts = [key for key in node.keys if key is not None]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                found.add(part.value)
    return sorted((h for h in found if len(h.split()) > 2), key=len, reverse=True)
