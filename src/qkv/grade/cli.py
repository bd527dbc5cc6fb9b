"""The commands `qkv grade …`."""

import contextlib
import os
import sys
from pathlib import Path

import click
from tqdm import tqdm

from qkv.errors import QkvError


def _course_options(command):
    command = click.option(
        "--gradebook", envvar="QKV_GRADEBOOK", help="Database URL (default: gradebook.db there)."
    )(command)
    return click.option(
        "--course", default=".", show_default=True, help="The folder with solutions/."
    )(command)


def _sandbox_options(command):
    for option in (
        click.option("--image", help="Container image with qkv, where bubblewrap is missing."),
        click.option("--trust-submissions", is_flag=True, help="Run without a sandbox. Dangerous."),
        click.option(
            "--memory",
            default=2.0,
            type=click.FloatRange(0.1),
            show_default=True,
            help="GB per submission.",
        ),
        click.option(
            "--seconds",
            default=120.0,
            type=click.FloatRange(1),
            show_default=True,
            help="Per submission.",
        ),
        click.option(
            "--cell-seconds",
            default=30.0,
            type=click.FloatRange(1),
            show_default=True,
            help="Per cell or test.",
        ),
    ):
        command = option(command)
    return command


def _must_run_code():
    """Raise `QkvError` where nothing can be run safely: processes are copied, not on Windows."""
    if not hasattr(os, "fork"):
        raise QkvError(
            "running students' code needs Linux or macOS: on Windows use WSL 2 (wsl --install); "
            "collect, feedback and report work here as well"
        )


def _open(course, gradebook):
    from qkv.grade.course import Course

    return Course.at(course, gradebook)


def _limits(options):
    from qkv.grade.engine.sandbox import Limits

    memory = int(options["memory"] * 2**30)
    return Limits(options["cell_seconds"], options["seconds"], memory)


@contextlib.contextmanager
def _engine(options, hide):
    """Yield what runs notebooks; a sandbox that fails is told in a sentence."""
    _must_run_code()
    from qkv.grade.engine.containers import choose, make_sandbox
    from qkv.grade.engine.sandbox import SandboxError
    from qkv.grade.engine.worker import Engine

    kind = choose(options["image"], options["trust_submissions"])
    engine = Engine(make_sandbox(kind, hide, 0), _limits(options))
    try:
        yield engine
    except SandboxError as error:
        raise QkvError(f"{error}; that says nothing about the notebook: try once more") from None
    finally:
        engine.stop()


def _client(scheduler):
    try:
        from distributed import Client

        return Client(scheduler)
    except ModuleNotFoundError:
        raise QkvError("a scheduler needs dask.distributed: pip install 'qkv[cluster]'") from None
    except OSError:
        raise QkvError(f"no Dask scheduler answers at {scheduler}") from None


@contextlib.contextmanager
def _bar(label, total):
    quiet = not sys.stderr.isatty()
    with tqdm(desc=label, unit=" students", total=total, disable=quiet) as bar:

        def progress(student, what):
            bar.set_postfix_str(f"{student}: {what}", refresh=False)
            bar.update()

        yield progress


def _finish(problems):
    from qkv.grade import clean

    for problem in problems:
        click.echo(clean.text(problem, 1000), err=True)
    sys.exit(1 if problems else 0)


group = click.Group(
    "grade", help="Hand exercises out, collect them, grade a class, write feedback."
)


@group.command()
@click.argument("folder", type=click.Path(path_type=Path))
def example(folder):
    """Make a small course and a class's submissions, to try the other commands on.

    \b
    Example:
      qkv grade example /tmp/class
    """
    from qkv.grade.course import Course
    from qkv.grade.example import ASSIGNMENT, make_class, make_course
    from qkv.grade.release import release as release_assignment

    make_course(folder)
    release_assignment(Course.at(folder), ASSIGNMENT, engine=None)
    students = make_class(folder, folder / "inbox")
    click.echo(f"{folder} has one assignment, {ASSIGNMENT}, and work of {len(students)} students")
    for command in (
        f"release {ASSIGNMENT}",
        f"collect {folder / 'inbox'} {ASSIGNMENT}",
        f"grade {ASSIGNMENT}",
        f"feedback {ASSIGNMENT}",
        f"report {ASSIGNMENT}",
    ):
        click.echo(f"  qkv grade {command} --course {folder}")


@group.command()
@click.argument("assignment")
@click.option("--unproved", is_flag=True, help="Do not run the solution first.")
@_sandbox_options
@_course_options
def release(assignment, unproved, course, gradebook, **options):
    """Prove that the solution passes its tests; write the students' notebook.

    \b
    Example:
      qkv grade release 04_attention
    """
    from qkv.grade.release import release as release_assignment

    where = _open(course, gradebook)
    assignment = where.assignment(assignment)
    with contextlib.nullcontext() if unproved else _engine(options, [where.root]) as engine:
        written = release_assignment(where, assignment, engine)
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"{assignment} is released: {where.released / assignment}")


@group.command("try")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--course", help="The folder with solutions/: hidden tests are tried as well.")
@_sandbox_options
def try_(notebook, course, **options):
    """Try one notebook with exactly what will grade it, before it is handed in.

    \b
    Examples:
      qkv grade try 04_attention.ipynb
      qkv grade try 04_attention.ipynb --course /srv/course
    """
    from qkv.grade.trial import try_notebook

    where = _open(course, None) if course else None
    with _engine(options, [where.root] if where else []) as engine:
        trial = try_notebook(notebook, engine, where)
    for name, points, most, said in trial.tests:
        click.echo(f"{name:<30} {points:g} of {most:g}" + (f"  {said}" if said else ""))
    for note in trial.notes:
        click.echo(note)
    if any(points < most for _, points, most, _ in trial.tests) or not trial.tests:
        sys.exit(1)


@group.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("assignment")
@click.option("--students", type=click.Path(path_type=Path), help="The class list, a CSV file.")
@click.option(
    "--zone",
    envvar="QKV_TIMEZONE",
    help="The class's time zone, e.g. Europe/Berlin (default: this machine's).",
)
@click.option("--pattern", help="Regular expression with a group `student`, for other names.")
@_course_options
def collect(source, assignment, students, zone, pattern, course, gradebook):
    """Bring in what students handed in: a folder, a platform's zip, nbgrader's exchange.

    \b
    Examples:
      qkv grade collect ~/Downloads/essays.zip 04_attention
      qkv grade collect ~/Downloads/essays.zip 04_attention --students class.csv
      qkv grade collect /srv/nbgrader/exchange/course/inbound 04_attention
    """
    from qkv.grade.collect import collect as collect_from

    where = _open(course, gradebook)
    name = where.assignment(assignment)
    done = collect_from(where, name, source, pattern, students, _zone(zone))
    _show_collected(done, where.root / "reports" / name / "collected.csv")
    _finish(done.problems)


def _zone(name):
    import zoneinfo

    if not name:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise QkvError(f"{name!r} is no time zone: write one like Europe/Berlin or UTC") from None


MOST_LINES = 40


def _show_collected(done, table):
    """Print what became of each file: the first of many, and where the rest is written."""
    from qkv.grade import clean

    for path, student, why in done.left[:MOST_LINES]:
        whose = f" ({clean.text(done.names.get(student, student), 60)})" if student else ""
        click.echo(f"left out: {clean.text(path, 120)}{whose}: {clean.text(why, 200)}")
    if len(done.left) > MOST_LINES:
        click.echo(f"left out: {len(done.left) - MOST_LINES} more, see {table}")
    for note in done.notes[:MOST_LINES]:
        click.echo(clean.text(note, 500))
    if len(done.notes) > MOST_LINES:
        click.echo(f"{len(done.notes) - MOST_LINES} more sentences of this kind")
    if done.missing:
        shown = ", ".join(clean.text(name, 60) for name in done.missing[:200])
        click.echo(f"{len(done.missing)} of the class handed in nothing: {shown}")
    click.echo(f"{len(done.new)} new or changed, {len(done.same)} as before")
    click.echo("students  taken  replaced  left out")
    numbers = (len(done.names), len(done.taken), len(done.replaced), len(done.left))
    click.echo("{:>8}  {:>5}  {:>8}  {:>8}".format(*numbers))


@group.command()
@click.argument("assignment")
@click.option("--workers", type=click.IntRange(min=1), help="Sandboxes (default: cores).")
@click.option("--scheduler", help="Address of a Dask scheduler, for a large class.")
@click.option("--student", "only", multiple=True, help="Only this student (may be repeated).")
@click.option("--force", is_flag=True, help="Grade again what is graded.")
@_sandbox_options
@_course_options
def grade(assignment, workers, scheduler, only, force, course, gradebook, **options):
    """Run every submission in a sandbox, its tests outside, and fill in the gradebook.

    \b
    Examples:
      qkv grade grade 04_attention
      qkv grade grade 04_attention --scheduler tcp://10.0.0.5:8786
    """
    _must_run_code()
    from qkv.grade.engine.containers import choose
    from qkv.grade.engine.pool import DaskPool, LocalPool
    from qkv.grade.run import grade_class, students

    where = _open(course, gradebook)
    assignment = where.assignment(assignment)
    kind = choose(options["image"], options["trust_submissions"])
    pool: DaskPool | LocalPool
    if scheduler:
        pool = DaskPool(_client(scheduler), _limits(options), kind, [where.root])
    else:
        pool = LocalPool(workers or os.cpu_count() or 1, _limits(options), kind, [where.root])
    try:
        with _bar("grade", len(only) or len(students(where, assignment)[0])) as progress:
            outcome = grade_class(where, assignment, pool, force, set(only), progress)
    finally:
        pool.close()
    click.echo(f"{outcome.graded} graded, {outcome.fresh} graded before")
    if kind == "none":
        click.echo("These submissions ran WITHOUT a sandbox (--trust-submissions).", err=True)
    _finish(outcome.problems)


@group.command()
@click.argument("assignment")
@click.option("--zip", "packed", is_flag=True, help="Also one file that the platform takes back.")
@_course_options
def feedback(assignment, packed, course, gradebook):
    """Write a page for each student: points, comments, what the visible tests said.

    \b
    Examples:
      qkv grade feedback 04_attention
      qkv grade feedback 04_attention --zip
    """
    from qkv.grade.feedback import graded, write_feedback
    from qkv.grade.marks import write_feedback_zip

    where = _open(course, gradebook)
    assignment = where.assignment(assignment)
    with _bar("feedback", len(graded(where, assignment))) as progress:
        done, problems = write_feedback(where, assignment, progress)
    click.echo(f"{done} pages in {where.root / 'feedback'}")
    if packed:
        path, count = write_feedback_zip(where, assignment)
        click.echo(f"wrote {path} with {count} pages, for the platform to hand out")
    _finish(problems)


@group.command()
@click.argument("assignment")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["canvas", "moodle", "csv"]),
    help="Write the marks alone, as the platform imports them.",
)
@click.option(
    "--students",
    type=click.Path(path_type=Path),
    help="The platform's own export, to be filled in: Canvas's gradebook, Moodle's worksheet.",
)
@click.option("--column", help="The head of the assignment's column in Canvas.")
@_course_options
def report(assignment, kind, students, column, course, gradebook):
    """Write tables (per task, per misconception) and a page with distributions.

    \b
    Examples:
      qkv grade report 04_attention
      qkv grade report 04_attention --format moodle --students worksheet.csv
    """
    from qkv.grade.marks import write_marks
    from qkv.grade.report import write_report

    where = _open(course, gradebook)
    assignment = where.assignment(assignment)
    if kind is None:
        if students or column:
            raise QkvError("--students and --column need a --format: canvas, moodle or csv")
        for path in write_report(where, assignment):
            click.echo(f"wrote {path}")
        return
    path, notes = write_marks(where, assignment, kind, students, column)
    for note in notes:
        click.echo(note)
    click.echo(f"wrote {path}")


@group.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Lines.")
def progress(folder, most):
    """Show which quick checks a class found hard, from the files that its students saved.

    A student saves one on the book's page of progress. It names nobody.

    \b
    Example:
      qkv grade progress ~/Downloads/week3
    """
    from qkv.grade import clean
    from qkv.grade.progress import class_progress, table

    found = class_progress(folder)
    for path, why in found.left[:MOST_LINES]:
        where = clean.text(str(path.relative_to(folder)), 120)
        click.echo(f"left out: {where}: {clean.text(why, 200)}", err=True)
    if len(found.left) > MOST_LINES:
        click.echo(f"left out: {len(found.left) - MOST_LINES} more", err=True)
    if found.unknown:
        click.echo(f"{found.unknown} answers to questions that this book does not have", err=True)
    files = "1 file" if found.files == 1 else f"{found.files} files"
    click.echo(f"{len(found.questions)} questions answered in {files}, the hardest first")
    if found.questions:
        click.echo(table(found, most))
