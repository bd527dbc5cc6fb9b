"""What a statement says, whoever formats it: its shape, its names, the calls in it."""

import ast
from collections.abc import Iterator
from functools import cache

ALL = "*"  # stands for every name of a module, or for every possible argument


@cache
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


def defined(statement: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a file defines; none if it does more."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Import() | ast.ImportFrom():
            return {bound(alias) for alias in statement.names} - {ALL}
        case ast.Assign(targets=targets):
            inside = [n for target in targets for n in ast.walk(target)]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            inside = list(ast.walk(target))
        case _:
            return set()
    plain = all(isinstance(n, ast.Name | ast.Tuple | ast.List | ast.Store) for n in inside)
    return {n.id for n in inside if isinstance(n, ast.Name)} if plain else set()


def bound(alias: ast.alias) -> str:
    """Return the name that an import gives: `b` of `from a import b`, `a` of `import a.b`."""
    return alias.asname or alias.name.partition(".")[0]


def is_own(statement: ast.AST) -> bool:
    """Return whether a statement imports names from `qkv`, or from beside itself."""
    return isinstance(statement, ast.ImportFrom) and bool(
        statement.level or (statement.module or "").split(".")[0] == "qkv"
    )


@cache
def shape_of(statement: ast.stmt) -> str:
    """Return `shape` of a statement, which is asked for by everyone who reaches it."""
    return shape(statement)


def shape(node: object) -> str:
    """Return a text that two pieces of code share if they run alike.

    Line ends, formatting, comments, docstrings and the annotations of functions leave no trace in
    it; nor does where a name is imported from within `qkv`, which is told by what it leads to.
    """
    if isinstance(node, ast.Import | ast.ImportFrom) and is_own(node):
        names = sorted(f"{bound(alias)}" for alias in node.names)
        return f"Own({', '.join(names)})"
    if isinstance(node, list):
        return f"[{', '.join(shape(part) for part in node)}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    # What is empty is left out: versions of Python differ in whether they name it.
    parts = [
        f"{name}={shape(value)}" for name, value in fields(node) if value not in (None, [], "")
    ]
    return f"{type(node).__name__}({', '.join(parts)})"


def fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield the fields of a node that decide what it does."""
    dropped = {"ctx", "kind", "type_comment", "type_params"}
    if isinstance(node, ast.arg):
        dropped.add("annotation")
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    if function:
        dropped.add("returns")
    for name, value in ast.iter_fields(node):
        if name == "body" and (function or isinstance(node, ast.ClassDef | ast.Module)):
            value = [statement for statement in value if not is_text(statement)]
        # An empty text is a value, unlike the texts of a node that are left out.
        if name == "value" and isinstance(node, ast.Constant):
            value = repr(value)
        if name not in dropped:
            yield name, value


def is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is a text alone: a docstring, or one under a variable."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it that decides what it does, in the order of the text."""
    yield node
    for _, value in fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from walk(child)


def dotted(node: ast.AST) -> str | None:
    """Return `a.b.c` for a name or the attributes of one, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (start := dotted(node.value)):
        return f"{start}.{node.attr}"
    return None


@cache
def chains(node: ast.AST) -> list[tuple[str, ast.Call | None]]:
    """Return each name with all attributes asked of it, and its call where it is called."""
    return list(_chains(node, None))


def _chains(node: ast.AST, call: ast.Call | None) -> Iterator[tuple[str, ast.Call | None]]:
    if name := dotted(node):
        yield name, call
        return
    for _, value in fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                called = isinstance(node, ast.Call) and child is node.func
                yield from _chains(child, node if called and isinstance(node, ast.Call) else None)
