"""Runs a notebook: the student's cells in the sandbox, the tests here, outside.

First all cells that are not tests run in the sandbox, in order. Before each of them the student's
process forks a copy, so that a cell that hangs or ends the process costs that cell only, and so
that each test later meets the program as it was at the test's place in the notebook. Only then,
when everything the student's code may show has been collected, do the tests run: nothing that a
test asks can appear in an output.
"""

import builtins
import contextlib
import io
import math
import signal
import time

from qkv.grade.codec import UnsendableError
from qkv.grade.names import bound, hidden_lines, hints, loaded, parse
from qkv.grade.remote import Handle, NotAValue, Point, Stopped

MAX_IMAGE = 2_000_000  # characters of base64
SHOWN = ("text/plain", "image/png", "image/jpeg")
HIDDEN_SAYS = "A hidden check of this task failed."


class TimeUp(BaseException):
    """A test took longer than it may."""


class Judge:
    """Judges one submission. `cells` as `qkv.grade.engine` makes them; see `run`."""

    def __init__(self, cells, limits, main, control, report, forks=True):
        """Talk to the student's process over `main` and to its keeper over `control`.

        report: called with the number of a cell and what it shows, as soon as it is known
        forks: whether the student's process can be copied (over a socket it can, over pipes not)
        """
        self.forks = forks
        self.cells = cells
        self.limits = limits
        self.control = control
        self.report = report
        self.end = time.monotonic() + limits["total_seconds"]
        self.deadline = self.end
        self.hidden = False
        self.troubles = []
        self.touched = set()
        self.space = {"__name__": "__main__", "__builtins__": builtins}
        self.owner = {}
        self.lent = set()  # names in `space` that hold what the student's program gave
        self.main = Point(main, self)
        self.main.pid = 2
        trusted = [parse(cell["source"]) for cell in cells if cell["kind"] in ("test", "teacher")]
        self.wanted = {name for tree in trusted if tree for name in loaded(tree)}

    # What `Point` and `Handle` tell

    def trouble(self, error):
        """Remember that a test met something that may never pass; return the error to raise."""
        self.troubles.append(error)
        return error

    def asked(self, point):
        """Remember which processes a statement talked to, and which have seen hidden tests."""
        point.secret = point.secret or self.hidden
        self.touched.add(point)

    # The two rounds

    def run(self, files):
        """Run everything; each result goes to `report`. `files`: name -> bytes, for the student."""
        if files:
            with contextlib.suppress(Stopped, Exception):
                self.main.ask("files", files)
        points = self.run_student_cells()
        self.run_tests(points)

    def run_student_cells(self):
        """Run what is not a test in the sandbox; return cell number -> program at that place."""
        points, waiting, student_began = {}, [], False
        for number, cell in enumerate(self.cells):
            if cell["kind"] == "test":
                waiting.append(number)
                continue
            student_began = student_began or cell["kind"] == "student"
            spare = self._fork(self.main) if student_began else None
            if spare:
                points.update(dict.fromkeys(waiting, spare))
                waiting = []
            self._run_cell(number, cell)
            if cell["kind"] == "teacher" and student_began:
                waiting.append(number)
            if self.main.broken:
                self.main.end()
                kept = spare in points.values()
                self.main = (self._fork(spare) if kept else spare) or self.main
            elif spare and spare not in points.values():
                spare.end()
        points.update(dict.fromkeys(waiting, self.main))
        return points

    def _fork(self, point):
        try:
            return point.fork() if point and self.forks else None
        except Stopped:
            return None

    def _run_cell(self, number, cell):
        until = min(self.end, time.monotonic() + self.limits["cell_seconds"])
        try:
            answer = self.main.ask("run", cell["source"], until=until)
            outputs, done = answer
            if type(outputs) is not list or type(done) is not bool:
                raise ValueError
        except Stopped as error:
            outputs = [_error("Stopped", f"This cell was stopped: {error}.")]
        except Exception:
            outputs = [_error("Stopped", "This cell answered with something that is no output.")]
        outputs = events(outputs, self.limits["output"])
        if cell["kind"] == "student" or outputs:
            self.report(number, {"outputs": outputs})

    def run_tests(self, points):
        """Run the teacher's cells and the tests here."""
        uses = list(points.values())
        for number, cell in enumerate(self.cells):
            point = points.get(number)
            self.touched, self.troubles = set(), []
            self.deadline = min(self.end, time.monotonic() + self.limits["cell_seconds"])
            if cell["kind"] == "student":
                self._execute_quietly(parse(cell["imports"]))
                self.owner.update(dict.fromkeys(cell["binds"], "student"))
                continue
            tree = parse(cell["source"])
            if point:
                uses.remove(point)
                if cell["kind"] == "test" and point in uses:
                    point = self._fork(point) or point
                self._fetch(point)
            if cell["kind"] == "test":
                self.report(number, self._test(cell, tree))
                self._own(tree)
            else:
                self._execute_quietly(tree)

    def _fetch(self, point):
        """Bring the student's names, as they are at this point, into the tests' namespace.

        These are the names that the solution binds there, and names that nobody else binds. A name
        that a teacher's cell or a test binds is never the student's, even if that cell failed.
        """
        names = [
            name
            for name in sorted(self.wanted)
            if self.owner.get(name) == "student"
            or (name not in self.owner and (name in self.lent or not self._exists(name)))
        ]
        found = {}
        if names:
            with contextlib.suppress(Stopped, TimeUp, Exception), self._clock():
                found = point.ask("names", names)
        self.troubles, self.touched = [], set()
        for name in names:
            self.space.pop(name, None)
            if type(found) is dict and name in found:
                self.space[name] = found[name]
                self.lent.add(name)

    def _exists(self, name):
        return name in self.space or hasattr(builtins, name)

    def _own(self, tree):
        """Give the teacher the names that a cell binds, by the look of it or in fact."""
        new = {name for name in self.space if name not in self.owner and name not in self.lent}
        self.owner.update(dict.fromkeys(bound(tree) | new, "teacher"))
        self.lent -= bound(tree)

    def _execute_quietly(self, tree):
        """Run a teacher's cell; a statement that fails here defines nothing, and that is all."""
        for node in tree.body if tree else []:
            before = {name: self.space.get(name) for name in bound_by(node)}
            try:
                with self._clock(), contextlib.redirect_stdout(io.StringIO()):
                    self._statement(node, last=False)
            except (Exception, Stopped, NotAValue, TimeUp, SystemExit):
                for name, value in before.items():
                    if self.space.get(name) is value:
                        self.space.pop(name, None)
        self._own(tree)

    def _statement(self, node, last):
        import ast

        if last and isinstance(node, ast.Expr):
            code = compile(ast.Expression(node.value), "<test>", "eval")
            return eval(code, self.space)
        exec(compile(ast.Module([node], []), "<test>", "exec"), self.space)
        return None

    @contextlib.contextmanager
    def _clock(self):
        """Stop what runs here, not only what runs there, when the time is up."""

        def ring(signum, frame):
            raise self.trouble(TimeUp("it took too long"))

        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, max(0.01, self.deadline - time.monotonic()) + 0.5, 1)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _test(self, cell, tree):
        """Run a test cell; return its outputs, and for the teacher what went wrong."""
        if tree is None:
            return {"outputs": [_error("SyntaxError", "this test is not Python")], "ok": False}
        secret, printed = hidden_lines(cell["source"]), io.StringIO()
        value = None
        for position, node in enumerate(tree.body):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            self.hidden = any(line in secret for line in lines)
            text = io.StringIO()
            try:
                quiet = contextlib.redirect_stdout(text), contextlib.redirect_stderr(text)
                with self._clock(), quiet[0], quiet[1]:
                    value = self._statement(node, position == len(tree.body) - 1)
                if self.troubles:
                    raise self.troubles[0]
            except (Exception, Stopped, NotAValue, TimeUp, SystemExit) as error:
                return self._failed(cell, node, error)
            finally:
                hush = self.hidden or any(point.secret for point in self.touched)
                self.hidden = False
                if not hush:
                    printed.write(text.getvalue())
        outputs = []
        if printed.getvalue():
            outputs.append({"kind": "stream", "name": "stdout", "text": printed.getvalue()})
        return self._score(cell, value, outputs)

    def _score(self, cell, value, outputs):
        """Turn the last value of a test into points, as nbgrader does, but never a strange one."""
        number = None if cell["source"].rstrip().endswith(";") else _number(value)
        if number is not None:
            if not (math.isfinite(number) and 0 <= number <= cell["points"]):
                text = f"The test gives {number} of {cell['points']} points."
                return {"outputs": [*outputs, _error("ValueError", text)], "ok": False}
            outputs.append({"kind": "points", "value": number})
        return {"outputs": outputs, "ok": True}

    def _failed(self, cell, node, error):
        said = _sentence(error)
        secret = self.hidden or any(point.secret for point in self.touched)
        detail = f"{type(error).__name__}: {said}"
        if secret:
            hint = next((h for h in hints(parse(cell["source"])) if h in said), "")
            text = f"{HIDDEN_SAYS} {hint}".strip()
            output = _error("HiddenCheck", text)
        else:
            lines = cell["source"].splitlines()[node.lineno - 1 : node.end_lineno]
            name = "Stopped" if isinstance(error, Stopped | NotAValue) else type(error).__name__
            trace = getattr(error, "from_student", "")
            output = _error(name, said, "\n".join(lines), trace)
        return {"outputs": [output], "ok": False, "detail": detail[:2000], "hidden": secret}


def events(outputs, limit):
    """Return what a cell showed as plain strings of bounded size, whatever it claims to be."""
    kept, left = [], limit + 20 * MAX_IMAGE
    for event in outputs[:500]:
        if type(event) is not dict or left <= 0:
            continue
        parts = {k: event.get(k) for k in ("kind", "name", "text", "value")}
        new = {k: v[: limit + 1] for k, v in parts.items() if type(v) is str}
        if type(event.get("data")) is dict:
            data = event["data"]
            new["data"] = {k: data[k] for k in SHOWN if type(data.get(k)) is str}
            new["data"] = {k: v for k, v in new["data"].items() if len(v) <= MAX_IMAGE}
        left -= sum(map(len, new.values())) + sum(map(len, new.get("data", {}).values()))
        kept.append(new)
    return kept


def bound_by(node):
    """Return the names that one statement binds."""
    import ast

    return bound(ast.Module([node], []))


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


def _error(name, value, source="", trace=""):
    return {"kind": "error", "name": name, "value": value, "text": source, "trace": trace}
