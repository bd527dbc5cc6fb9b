"""Forms of a test that meet a copy, or nothing, in the sandbox: where, and what to write instead.

What a refusal says at once (`len` of an object, a gradient) is not among these; they fail silently,
since a test sees neither what is printed there nor what becomes of its arguments.
"""

import ast
from collections.abc import Iterator

from qkv.grade.names import parse

PRINTED = "what is printed is seen by `probe.printed(f, x)`"
WARNED = "warnings are seen inside `probe.run(function, f)`, by a function that returns their texts"
MOCKED = "a mock works inside `probe.run(function, f)`, by a function that returns what it found"
TYPE = "a class's name is `probe.attribute(obj, '__class__').__name__`"
SAME = "whether two things are one is told by `probe.run(lambda m: m.a is m.b, m)`"
CLASS = (
    "the class of an object of the submission is told by `probe.run(lambda x: isinstance(x, C), x)`"
)
FILES = "a file that the student's code writes is not here: have a function return what is in it"
# The last part of what is called -> what to write instead.
_CALLS = {
    "redirect_stdout": PRINTED, "redirect_stderr": PRINTED, "readouterr": PRINTED,
    "catch_warnings": WARNED, "warns": WARNED, "assertWarns": WARNED, "deprecated_call": WARNED,
    "patch": MOCKED, "setattr": MOCKED, "Mock": MOCKED, "MagicMock": MOCKED,
    "type": TYPE, "isinstance": CLASS, "issubclass": CLASS,
    "open": FILES, "exists": FILES, "read_text": FILES, "isfile": FILES, "is_file": FILES,
}  # fmt: skip
_CONSTANTS = ("None", "True", "False", "...")


def instead(source: str, theirs: set[str]) -> list[tuple[int, str]]:
    """Return (line, what to write) for each form in a test that cannot see the sandbox.

    theirs: the names that the submission binds
    """
    tree = parse(source)
    told = {pair: None for node in ast.walk(tree) for pair in _of(node, theirs)} if tree else {}
    return sorted(told)


def _of(node: ast.AST, theirs: set[str]) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Call(function, arguments):
            yield from _call(node, _last(function), arguments, theirs)
        case ast.Attribute(value=ast.Name("sys"), attr="stdout" | "stderr"):
            yield node.lineno, PRINTED
        case ast.Expr(ast.Call(function, arguments)) if _first(function) in theirs:
            given = next((part.id for part in arguments if isinstance(part, ast.Name)), None)
            if given:
                call = ", ".join(map(ast.unparse, [function, *arguments]))
                said = f"what becomes of {given} is seen by `_, args = probe.in_place({call})`"
                yield node.lineno, said
        case ast.Compare(left, [ast.Is() | ast.IsNot()], [right]):
            if not {ast.unparse(left), ast.unparse(right)} & set(_CONSTANTS):
                yield node.lineno, SAME
        case ast.ExceptHandler(type=kind) if kind is not None:
            yield from _exceptions(kind, theirs)


def _call(node, name, arguments, theirs):
    if name in ("raises", "assertRaises") and arguments:
        yield from _exceptions(arguments[0], theirs)
    elif name in ("isinstance", "issubclass"):
        # With a class of the submission's it works.
        if len(arguments) == 2 and not (_names(arguments[1]) & theirs and name == "isinstance"):
            yield node.lineno, CLASS
    elif name in ("object", "dict", "multiple") and "patch" in ast.unparse(node.func):
        yield node.lineno, MOCKED
    elif name in _CALLS:
        yield node.lineno, _CALLS[name]


def _exceptions(node, theirs):
    for name in sorted(_names(node) & theirs):
        yield node.lineno, f"{name} arrives as the built-in exception that it extends: expect that"


def _names(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _last(function):
    return ast.unparse(function).rpartition(".")[2]


def _first(function):
    return ast.unparse(function).partition(".")[0].partition("(")[0]
