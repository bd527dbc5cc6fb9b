"""What the teacher's source text says: which names it binds and uses, what is hidden, which hints.

Only the teacher's sources are read here, never a student's.
"""

import ast
import re


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


def imports(source: str) -> str:
    """Return the import statements at the top level of a cell, as source."""
    tree = parse(source)
    kept = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)] if tree else []
    return "\n".join(ast.unparse(node) for node in kept)


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
