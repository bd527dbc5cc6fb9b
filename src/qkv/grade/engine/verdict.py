"""What a test says: its points, or what failed in which line, and what of that a student reads."""

import ast
import math
import types

from qkv.grade.codec import UnsendableError
from qkv.grade.engine.handles import Handle, NotAValue
from qkv.grade.engine.remote import Stopped
from qkv.grade.names import hidden_lines, hints, parse

HIDDEN_SAYS = "A hidden check of this task failed."
FILE = "<test>"  # what a traceback calls the source of a test


class Test:
    """A test cell under way: its statements before the first hidden line and from there on."""

    def __init__(self, cell):
        """Take the cell apart; nothing runs yet."""
        self.cell, self.tree = cell, parse(cell["source"])
        body, secret = self.tree.body if self.tree else [], hidden_lines(cell["source"])
        is_hidden = [secret & set(range(n.lineno, (n.end_lineno or n.lineno) + 1)) for n in body]
        first = next((at for at, lines in enumerate(is_hidden) if lines), len(body))
        self.visible, self.hidden = body[:first], body[first:]
        self.printed, self.value, self.result = "", None, None
        self.constants = []  # of what ran: the texts themselves, not only their letters
        self.found = []  # every line that failed, where a teacher wants to know them all
        self.lost = set()  # names that a statement which failed would have bound

    def fail(self, node, error, secret):
        """Note that a statement failed; the first one makes the result."""
        said = _sentence(error)
        detail = f"{type(error).__name__}: {said}"
        self.found.append({"line": _line(node, error), "said": detail[:2000]})
        if self.result:
            return
        if secret:
            output = error_output("HiddenCheck", f"{HIDDEN_SAYS} {_hint(self, error)}".strip())
        else:
            lines = self.cell["source"].splitlines()[node.lineno - 1 : node.end_lineno]
            name = "Stopped" if isinstance(error, Stopped | NotAValue) else type(error).__name__
            trace = getattr(error, "from_student", "")
            output = error_output(name, said, "\n".join(lines), trace)
        self.result = {"outputs": [output], "ok": False, "detail": detail[:2000], "hidden": secret}

    def score(self):
        """Turn the last value into points, as nbgrader does, but never a strange one."""
        outputs, points = [], self.cell["points"]
        if self.printed:
            outputs.append({"kind": "stream", "name": "stdout", "text": self.printed})
        number = None if self.cell["source"].rstrip().endswith(";") else _number(self.value)
        if number is not None:
            if not (math.isfinite(number) and 0 <= number <= points):
                text = f"The test gives {number} of {points} points."
                return {"outputs": [*outputs, error_output("ValueError", text)], "ok": False}
            outputs.append({"kind": "points", "value": number})
        return {"outputs": outputs, "ok": True}


def compiled(node, last=False):
    """Return the code of a statement; of a cell's last one with its value, if it has one."""
    if last and isinstance(node, ast.Expr):
        return compile(ast.Expression(node.value), FILE, "eval")
    return compile(ast.Module([node], []), FILE, "exec")


def constants(code):
    """Return the texts that are written out in a piece of code, as the very objects it uses."""
    if isinstance(code, types.CodeType):
        code = code.co_consts
    if isinstance(code, tuple):
        return [text for part in code for text in constants(part)]
    return [code] if isinstance(code, str) else []


def error_output(name, value, source="", trace=""):
    """Return what a cell shows of an error."""
    return {"kind": "error", "name": name, "value": value, "text": source, "trace": trace}


def _line(node, error):
    """Return the number of the line in which a statement failed: the innermost of the test's."""
    line, trace = node.lineno, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _hint(test, error):
    """Return the hint that a hidden failure shows: one that the test itself chose.

    It is the object that stands in the test's code, as the message of what was raised, or as the
    mistake that `qkv.grade.checks.check` recognised. What comes from a student is another object,
    whatever it says, so nobody learns which test failed by quoting the words of a hint.
    """
    said = getattr(error, "hint", None) or next(iter(error.args), None)
    if hasattr(error, "from_student") or not any(said is text for text in test.constants):
        return ""
    return said if said in hints(test.tree) else ""


def _number(value):
    """Return a number as a float; None for what is no number (a Boolean is none)."""
    if value is None or isinstance(value, Handle | bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return _number(value.item())
    return None


def _sentence(error):
    if isinstance(error, Stopped):
        return f"Your code was stopped while the test called it: {error}."
    if isinstance(error, UnsendableError):
        return f"The test could not ask your code: {error}."
    try:
        return str(error)[:4000]
    except Exception:
        return type(error).__name__
