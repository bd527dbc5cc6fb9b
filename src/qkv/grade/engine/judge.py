"""Runs a notebook: the student's cells in the sandbox, the tests here, outside.

First all cells that are not tests run in the sandbox, in order. Before each of them the student's
process forks a copy, so that a cell that hangs or ends the process costs that cell only, and so
that each test later meets the program as it was at the test's place in the notebook. Only then,
when everything the student's code may show has been collected, do the tests run, and again what is
visible of all of them before what is hidden: nothing that a hidden test asks can appear on a page.
"""

import ast
import builtins
import contextlib
import faulthandler
import io
import os
import re
import signal
import time

from qkv.grade.engine.handles import NotAValue
from qkv.grade.engine.remote import Point, Stopped
from qkv.grade.engine.shown import events, size_of
from qkv.grade.engine.verdict import Test, compiled, constants, error_output
from qkv.grade.names import bound, loaded, parse

MAX_SHOWN = 10_000_000  # characters that all cells of a notebook show together
# A student who works in double precision gets tests in double precision, as in one notebook.
# Nothing coarser is taken over: where numbers overflow, all of them are alike.
DOUBLE = re.compile(r"^torch\.set_default_dtype\(torch\.(float64|double)\)", re.MULTILINE)


class TimeUp(BaseException):
    """A test took longer than it may."""


class Judge:
    """Judges one submission. `cells` as `qkv.grade.engine.worker` makes them; see `run`."""

    def __init__(self, cells, limits, main, control, report, forks=True, survey=False):
        """Talk to the student's process over `main` and to its keeper over `control`.

        report: called with the number of a cell and what it shows, as soon as it is known
        forks: whether the student's process can be copied (over a socket it can, over pipes not)
        survey: whether a test goes on behind a statement that fails, to find all of them
        """
        self.forks = forks
        self.survey = survey
        self.nowhere = open(os.devnull, "w")  # noqa: SIM115 - open as long as this process is
        self.cells = cells
        self.limits = limits
        self.control = control
        self.report = report
        self.end = time.monotonic() + limits["total_seconds"]
        self.deadline = self.end
        self.room = MAX_SHOWN
        self.secret = False  # has a hidden line asked already?
        self.troubles = []
        self.space = {"__name__": "__main__", "__builtins__": builtins}
        self.owner = {}
        self.lent = set()  # names in `space` that hold what the student's program gave
        self.main = Point(main, self)
        self.main.pid = 2  # type: ignore[attr-defined]
        self.tests = {n: Test(cell) for n, cell in enumerate(cells) if cell["kind"] == "test"}
        trusted = [parse(cell["source"]) for cell in cells if cell["kind"] == "teacher"]
        trusted += [ast.Module(test.visible, []) for test in self.tests.values()]
        # The student's process is not told what hidden tests name before all visible ones ran.
        self.wanted = {name for tree in trusted if tree for name in loaded(tree)}

    # What `Point` and `Handle` tell

    def trouble(self, error):
        """Remember that a test met something that may never pass; return the error to raise."""
        self.troubles.append(error)
        return error

    def is_late(self):
        """Whether the time for everything together is used up."""
        return time.monotonic() > self.end

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
            outputs = [error_output("Stopped", f"This cell was stopped: {error}.")]
        except Exception:
            outputs = [
                error_output("Stopped", "This cell answered with something that is no output.")
            ]
        outputs = events(outputs, self.limits["output"], self.room)
        self.room -= size_of(outputs)
        if cell["kind"] == "student" or outputs:
            self.report(number, {"outputs": outputs})

    def run_tests(self, points):
        """Run the teacher's cells and what is visible of the tests, then what is hidden of them."""
        after = self.end
        if any(test.hidden for test in self.tests.values()):
            # Half of the time is kept for what is hidden, whatever hangs before.
            self.end = (time.monotonic() + self.end) / 2
        waiting = self._visible_round(points)
        if waiting:
            self.secret, self.end = True, after
            self._hidden_round(waiting)

    def _visible_round(self, points):
        """Run what is visible; return what waits, with all that it needs.

        For each test with a hidden part: its number, the names' values, what to ask for and
        where, and which cell was the last to bind each name.
        """
        uses, waiting, latest = list(points.values()), [], {}
        for number, cell in enumerate(self.cells):
            point, test = points.get(number), self.tests.get(number)
            self._begin()
            latest |= dict.fromkeys(self._binds(cell, test), number)
            if cell["kind"] == "student":
                self._take_over(cell)
                continue
            if point:
                uses.remove(point)
                if test and point in uses:
                    point = self._fork(point) or point
                self._fetch(point)
            if test is None:
                self._execute_quietly(parse(cell["source"]))
                continue
            late = self._askable(loaded(ast.Module(test.hidden, [])) - self.wanted)
            passed = self._run_part(test, test.visible)
            if test.hidden and (passed or self.survey):
                waiting.append((number, dict(self.space), late, point, dict(latest)))
            else:
                self._tell(number, test)
            self._own(test.tree)
        return waiting

    def _take_over(self, cell):
        """Import here what the solution of a student's cell imports; note what it binds."""
        if DOUBLE.search(cell["source"]):
            import torch

            torch.set_default_dtype(torch.float64)
        self._execute_quietly(parse(cell["imports"]))
        self.owner.update(dict.fromkeys(cell["binds"], "student"))

    def _hidden_round(self, waiting):
        added = {}  # name -> the cell that bound it in its hidden part, and the value
        for number, space, late, point, latest in waiting:
            test = self.tests[number]
            self._begin()
            found = self._ask_for(point, late) if point and late else {}
            # The same dictionary: functions of the tests look their names up in it.
            self.space.clear()
            news = {n: v for n, (at, v) in added.items() if latest.get(n, -1) <= at}
            self.space.update(space | found | news)
            self._run_part(test, test.hidden)
            names = bound(ast.Module(test.hidden, []))
            added |= {name: (number, self.space[name]) for name in names if name in self.space}
            self._tell(number, test)

    def _tell(self, number, test):
        """Report what a test says."""
        result = test.result or test.score()
        self.report(number, {**result, "found": test.found} if self.survey else result)

    @staticmethod
    def _binds(cell, test):
        """Return the names that a cell binds where everything of it that is visible runs."""
        if cell["kind"] == "student":
            return cell["binds"]
        return bound(ast.Module(test.visible, []) if test else parse(cell["source"]))

    def _begin(self):
        self.troubles = []
        self.deadline = min(self.end, time.monotonic() + self.limits["cell_seconds"])

    def _fetch(self, point):
        """Bring the student's names, as they are at this point, into the tests' namespace.

        These are the names that the solution binds there, and names that nobody else binds. A name
        that a teacher's cell or a test binds is never the student's, even if that cell failed.
        """
        names = self._askable(self.wanted)
        found = self._ask_for(point, names) if names else {}
        for name in names:
            self.space.pop(name, None)
        self.space.update(found)
        self.lent |= set(found)

    def _askable(self, wanted):
        """Return those of the names that are the student's at this place."""
        return [
            name
            for name in sorted(wanted)
            if self.owner.get(name) == "student"
            or (name not in self.owner and (name in self.lent or not self._exists(name)))
        ]

    def _ask_for(self, point, names):
        """Return the values of those names that exist in the student's program."""
        found = {}
        with contextlib.suppress(Stopped, TimeUp, Exception), self._clock():
            found = point.ask("names", names)
        self.troubles = []
        return {n: found[n] for n in names if n in found} if type(found) is dict else {}

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
                    exec(compiled(node), self.space)
            except (Exception, Stopped, NotAValue, TimeUp, SystemExit):
                for name, value in before.items():
                    if self.space.get(name) is value:
                        self.space.pop(name, None)
        self._own(tree)

    @contextlib.contextmanager
    def _clock(self):
        """Stop what runs here, not only what runs there, when the time is up.

        Python hears of the time between two of its steps. One step that never ends (a set of
        numbers that all collide) ends the whole process, and with it the tests that follow.
        """

        def ring(signum, frame):
            raise self.trouble(TimeUp("it took too long"))

        signal.signal(signal.SIGALRM, ring)
        left = max(0.01, self.deadline - time.monotonic())
        signal.setitimer(signal.ITIMER_REAL, left + 0.5, 1)
        faulthandler.dump_traceback_later(left + 4, exit=True, file=self.nowhere)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()

    def _run_part(self, test, statements):
        """Run some statements of a test; return whether all passed, else keep the result there."""
        if test.tree is None:
            error = error_output("SyntaxError", "this test is not Python")
            test.result = {"outputs": [error], "ok": False}
            return False
        for node in statements:
            if test.lost & loaded(node):
                test.lost |= bound_by(node)
                continue
            text = io.StringIO()
            try:
                quiet = contextlib.redirect_stdout(text), contextlib.redirect_stderr(text)
                with self._clock(), quiet[0], quiet[1]:
                    code = compiled(node, node is test.tree.body[-1])
                    test.constants += constants(code)
                    test.value = eval(code, self.space)
                if self.troubles:
                    raise self.troubles[0]
            except (Exception, Stopped, NotAValue, TimeUp, SystemExit) as error:
                test.fail(node, error, self.secret)
                if not self.survey or isinstance(error, Stopped | TimeUp):
                    test.hidden = []
                    return False
                test.lost |= bound_by(node)
                self.troubles = []
            if not self.secret:
                test.printed += text.getvalue()[: self.limits["output"] + 1 - len(test.printed)]
        return test.result is None


def bound_by(node):
    """Return the names that one statement binds."""
    return bound(ast.Module([node], []))
