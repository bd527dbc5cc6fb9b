"""The `qkv` command: run, build, check and serve the book, and start new chapters."""

import sys

import click

from qkv import __version__
from qkv.errors import QkvError
from qkv.grade.cli import group as grade
from qkv.paths import require_book

# What needs no book of one's own; all else would change or check the copy inside the package.
ANYWHERE = {"grade", "export-quiz"}


class OneSentence(click.Group):
    """A command group that turns a user's mistake into one sentence on stderr and exit code 1."""

    def invoke(self, ctx):
        """Run the chosen command; only a `QkvError` is a sentence, a bug keeps its traceback."""
        try:
            return super().invoke(ctx)
        except QkvError as error:
            raise click.ClickException(str(error)) from error

    def resolve_command(self, ctx, args):
        """Find the command; one for authors needs a book, unless it is only to explain itself."""
        name, command, rest = super().resolve_command(ctx, args)
        if command and name not in ANYWHERE and not {"-h", "--help"} & set(rest):
            require_book()
        return name, command, rest


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qkv")
def main():
    """Run, build and check the book *Query, Key, Value*."""


main.add_command(grade)


@main.command()
@click.argument("chapters", nargs=-1)
@click.option("--force", is_flag=True, help="Run the notebooks even if their outputs are fresh.")
@click.option("--jobs", type=click.IntRange(min=1), help="Notebooks at a time (default: cores).")
@click.option("--text", is_flag=True, help="Run nothing; bring the text in line with the outputs.")
def run(chapters, force, jobs, text):
    """Run the notebooks whose outputs are stale and store what they print.

    Numbers and references in the text are filled in from what is stored.

    \b
    Examples:
      qkv run                 every stale chapter
      qkv run 01 03_seq2seq   these two, if they are stale
      qkv run 01 --force      chapter 1, stale or not
    """
    from qkv.publish.run import run_notebooks

    sys.exit(1 if run_notebooks(chapters, force=force, jobs=jobs, text=text) else 0)


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if the modules are out of date.")
def export(check):
    """Write the modules of `qkv.chapters` from the notebooks.

    \b
    Examples:
      qkv export              write src/qkv/chapters/*.py
      qkv export --check      fail if a notebook and its module differ
    """
    from qkv.publish.export import export_chapters

    sys.exit(1 if export_chapters(check=check) else 0)


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if exercises/ is out of date.")
def exercises(check):
    """Write the students' exercises from the solutions.

    \b
    Examples:
      qkv exercises           write exercises/ from solutions/
      qkv exercises --check   fail if they differ
    """
    from qkv.grade.sets.exercises import write_exercises

    sys.exit(1 if write_exercises(check=check) else 0)


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if a lab is out of date.")
def labs(check):
    """Write the students' notebooks of the labs from their masters.

    \b
    Examples:
      qkv labs           write labs/*/*_lab.ipynb
      qkv labs --check   fail if they differ
    """
    from qkv.grade.sets.labs import write_labs

    sys.exit(1 if write_labs(check=check) else 0)


@main.command()
@click.option("--reading", is_flag=True, help="Show how long each chapter takes to read instead.")
def check(reading):
    """Check the structure of every chapter: objectives, claims, figures, quizzes, symbols.

    \b
    Examples:
      qkv check             what is wrong with the chapters
      qkv check --reading   minutes of each chapter, from its words, code, figures and quick checks
    """
    if reading:
        from qkv.paths import root
        from qkv.publish.reading import reading_table

        click.echo(reading_table(root()))
        return
    from qkv.publish.check import check_book

    problems = check_book()
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} problems" if problems else "every chapter is well-formed")
    sys.exit(1 if problems else 0)


@main.command()
@click.option("--clean", is_flag=True, help="Build from nothing, as CI does.")
@click.option("--out", type=click.Path(), help="Where the site goes (default: _build/html).")
def build(clean, out):
    """Build the site; any warning fails it.

    \b
    Examples:
      qkv build               rebuild what changed
      qkv build --clean       rebuild everything
    """
    from qkv.publish.build import build_site

    build_site(clean=clean, out=out)


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port to serve on; 0 takes a free one.",
)
def serve(port):
    """Show the built site on this machine, at http://localhost:8000 if nothing else is said.

    \b
    Example:
      qkv serve --port 8080
    """
    from qkv.publish.build import serve_site

    serve_site(port=port)


@main.command()
@click.argument("number")
@click.argument("name")
def new(number, name):
    """Start a chapter: notebook, question bank, exercise set, table of contents.

    \b
    Example:
      qkv new 05 self_attention
    """
    from qkv.publish.new import new_chapter

    for path in new_chapter(number, name):
        click.echo(f"wrote {path}")


@main.command("export-quiz")
@click.argument("chapters", nargs=-1)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["moodle", "gift", "canvas", "qti21"]),
    help="One platform's file; can be repeated (default: all four).",
)
@click.option("--out", type=click.Path(), help="The folder to write to (default: _build/quiz).")
def export_quiz(chapters, formats, out):
    """Write the quick checks for a learning platform: Moodle, Canvas, or any that reads QTI 2.1.

    \b
    Examples:
      qkv export-quiz                       every chapter, in every format
      qkv export-quiz 04 --format moodle    chapter 4 as Moodle XML
      qkv export-quiz --format canvas       every chapter as QTI 1.2 for Canvas
    """
    from pathlib import Path

    from qkv.publish.quizzes import export_quizzes

    for path, count in export_quizzes(chapters, formats, Path(out) if out else None):
        click.echo(f"wrote {path}: {count} questions")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--force", is_flag=True, help="Run the named studies even if they are fresh.")
@click.option("--recheck", is_flag=True, help="Run one setting; keep the rest if it is as it was.")
@click.option("--against", help="With --recheck: compare with this revision's code, run here.")
def study(names, jobs, force, recheck, against):
    """Run experiments of many seeds and store their results; without names, the stale ones.

    A study that is stopped goes on where it was when it is started again. --jobs is the number of
    runs at a time, each on one thread.

    \b
    Examples:
      qkv study                       every stale study
      qkv study bottleneck --jobs 2   this one, two runs at a time
      qkv study heads --recheck       its code changed, its numbers should not have
      qkv study heads --recheck --against main    the same, on another processor
    """
    from qkv import study as studies

    for name in names or studies.names():
        if recheck:
            found = studies.recheck(name, against)
            click.echo(f"study {name}: {found or 'fresh, nothing to recheck'}")
            continue
        done = studies.run_study(name, jobs=jobs, force=force)
        click.echo(f"study {name}: {'results stored' if done else 'fresh, nothing to run'}")


@main.command()
def fresh():
    """Check that every chapter's outputs and every study's results are those of its code.

    \b
    Example:
      qkv fresh
    """
    from qkv import study as studies
    from qkv.notebook.stale import stale_chapters
    from qkv.paths import root

    problems = [*studies.stale(), *stale_chapters(root())]
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} stale" if problems else "every chapter and study is fresh")
    sys.exit(1 if problems else 0)
