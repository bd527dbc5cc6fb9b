"""Banks for learning platforms: each file is read back as its platform reads it, and answered."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree
from platforms import read_canvas, read_gift, read_moodle, read_qti21, unzipped
from weather_book import SAMPLE, write_book

from qkv.cli import main
from qkv.errors import QkvError
from qkv.markup import pieces
from qkv.paths import root
from qkv.publish.quizzes import export_quizzes
from qkv.quiz import load_bank

READERS = {
    "moodle": lambda data: read_moodle(data.decode()),
    "gift": lambda data: read_gift(data.decode()),
    "canvas": read_canvas,
    "qti21": read_qti21,
}
BANKS = sorted((root() / "chapters" / "quiz").glob("*.txt"), key=lambda path: path.stem)

# What may be taken for a mark of some format, each in every place of a question.
HOSTILE = {
    "marks of GIFT": r"~a =b #c {d} :e ::f:: ->g \~h \\n i\nj %50%k ####l",
    "marks at the start": "%100%all",
    "a comment of GIFT": "//no comment",
    "a format of GIFT": "[plain]no format [html]",
    "a category of GIFT": "$CATEGORY: $course$/x".replace("$", r"\$"),
    "its tokens": "&&058; &&092; &&010;",
    "HTML": '<script>alert(1)</script> <b onclick="x">&amp; &nbsp; </p> <!-- <![CDATA[ ]]>',
    "formulas that are none": r"\(x\) \[y\] \begin{z} \$\$w\$\$",
    "a formula": r"$\text{a < b & c} \{d\} = e_{f}^{\#g}$ and $x~y:z$",
    "code": "`a = {b: c} # ~d \\n </code> \\(e\\)`",
    "styles": "*a `b` $c$* and **d\\*e**",
    "rare": "emoji 🎈, Größe, \u2028 a line, \x0b a tab, \x1b[31mred, \ufffe",
    "tokens of platforms": "@@PLUGINFILE@@/x {1:MULTICHOICE:=y} [blank] {{a}}",
}


def said(text):
    """Return the words of a bank's text as a platform is to say them."""
    blocks = []
    for kind, content, *_ in pieces(text):
        if kind == "p":
            spans = [rf"\({span[1]}\)" if span[0] == "math" else span[1] for span in content]
            blocks.append("".join(spans))
        else:
            blocks.append(rf"\[{content}\]" if kind == "math" else content)
    lines = "\n".join(blocks).split("\n")
    words = "\n".join(line for line in lines if line)
    return words.translate(dict.fromkeys([0x0B, 0x1B, 0xFFFE], "\ufffd"))


def exported(book, monkeypatch, form, **options):
    monkeypatch.chdir(book)
    ((path, _),) = export_quizzes(["1"], [form], None, **options)
    return READERS[form](path.read_bytes())


def choices(question):
    """Return the words of the options that a platform is to show."""
    if question.kind == "shape":
        return [
            answer.text if answer.value else "a shape other than these"
            for answer in question.answers
        ]
    return [said(answer.text) for answer in question.answers]


def check_question(read, question, form):
    """Answer a question in every way that the bank knows, and compare what is said."""
    end = {"multiple": "\nChoose all that are right."}
    unit = f": … {question.unit}" if question.unit else "."
    end["number"] = f"\nAnswer with a number{unit}"
    assert read.name == question.id
    assert read.text == said(question.text) + end.get(question.kind, "")
    if question.kind == "number":
        return check_number(read, question, form)
    assert read.options == choices(question)
    whys = [said(answer.why) for answer in question.answers]
    rights = [place for place, answer in enumerate(question.answers) if answer.right]
    assert read.kind == ("multiple" if question.kind == "multiple" else "single")
    score, told = read.reply(rights)
    assert (score, told) == (1, [whys[place] for place in rights])
    if read.kind == "single":
        for place in set(range(len(whys))) - set(rights):
            assert read.reply([place]) == (0, [whys[place]])
        return None
    every = list(range(len(whys)))
    if len(rights) < len(every):
        assert read.reply(every) == (0, whys)
    for place in every:  # one too many, or one too few
        changed = sorted(set(rights) ^ {place})
        score, told = read.reply(changed)
        assert score < 1
        assert told == [whys[place] for place in changed]
    return None


def check_number(read, question, form):
    right, *wrong, rest = question.answers
    assert read.kind == "number"
    near = right.tolerance
    for given in {right.value, right.value - near * 0.999, right.value + near * 0.999}:
        assert read.reply(given) == (1, [said(right.why)]), given
    far = right.value + near * 1.01 + 1e-6
    while any(abs(far - one.value) <= (one.tolerance or near) for one in wrong):
        far += near + 1  # what a wrong number has its own explanation for
    tried = [
        (one, one.value + (one.tolerance or near) * part) for one in wrong for part in (0, 0.9)
    ]
    tried = [(one, given) for one, given in tried if abs(given - right.value) > near]
    for answer, given in [*tried, (rest, far)]:
        score, told = read.reply(given)
        assert score == 0, given
        if form == "canvas":  # all of them, each behind its number
            name = "any other number" if answer is rest else answer.text
            assert f"For {name}:\n{said(answer.why)}" in told[0]
        else:
            assert told == [said(answer.why)], given


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("path", [SAMPLE, *BANKS], ids=lambda path: path.stem)
def test_every_question_is_read_back_and_answered_right_and_wrong(
    tmp_path, monkeypatch, path, form
):
    write_book(tmp_path)
    (tmp_path / "chapters/quiz/01_weather.txt").write_bytes(path.read_bytes())
    title, found = exported(tmp_path, monkeypatch, form)
    bank = load_bank(path)
    assert title.endswith(path.read_text("utf-8").split("\n")[0].removeprefix("# "))
    for read, question in zip(found, bank.values(), strict=True):
        check_question(read, question, form)


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_looks_like_a_mark_of_the_format_arrives_as_typed(tmp_path, monkeypatch, text, form):
    write_book(tmp_path)
    start = "Q " * text.startswith("%")  # a line that starts so is a note
    code = "> ```\n> // no comment\n>\n> $CATEGORY: x\n> }\n> ```\n"
    bank = f"# 1/2 Title\n\n## a\n{start}{text}\n\n(x) {text}\n> {text}\n{code}"
    bank += f"( ) no {text}\n> not {text}\n"
    bank += (
        f"\n## b\nb {text}\n\n[x] {text}\n> {text}\n[x] 2 {text}\n> 2\n[ ] no {text}\n> n {text}\n"
    )
    bank += f"\n## c\nc {text}\n\n= 1,000.5 ± 0.25 a~b{{=}}<i>\n> {text}\n! -3e-7\n> {text}\n"
    bank += f"! otherwise\n> o {text}\n"
    bank += (
        f"\n## d\nd {text}\n\n= (a~b, =c)\n> {text}\n! (=c, a~b)\n> {text}\n! otherwise\n> {text}\n"
    )
    path = tmp_path / "chapters/quiz/01_weather.txt"
    path.write_text(bank, "utf-8")
    title, found = exported(tmp_path, monkeypatch, form)
    doubled = form in ("gift", "moodle")  # a stroke parts categories
    assert title == ("$course$/top/01 1//2 Title" if doubled else "01 1/2 Title")
    for read, question in zip(found, load_bank(path).values(), strict=True):
        check_question(read, question, form)


def test_what_only_looks_like_a_formula_is_taken_apart_so_that_no_platform_sets_it(
    tmp_path, monkeypatch
):
    write_book(tmp_path)
    path = tmp_path / "chapters/quiz/01_weather.txt"
    path.write_text("# T\n\n## a\n\\(x\\) \\$\\$y\\$\\$ $z$\n\n(x) 1\n> y\n( ) 2\n> n\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    ((made, _),) = export_quizzes([], ["moodle"], None)
    shown = etree.parse(made).findtext("question/questiontext/text")
    assert r"\(z\)" in shown
    assert r"\(x" not in shown
    assert "$$" not in shown


DTD = Path(__file__).parents[2] / "helpers" / "quiz_files.dtd"


@pytest.mark.parametrize("form", ["moodle", "canvas", "qti21"])
@pytest.mark.parametrize("path", [SAMPLE, *BANKS], ids=lambda path: path.stem)
def test_each_file_has_the_structure_of_its_standard(tmp_path, monkeypatch, path, form):
    write_book(tmp_path)
    (tmp_path / "chapters/quiz/01_weather.txt").write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    ((made, count),) = export_quizzes([], [form], None)
    files = {"": made.read_bytes()} if form == "moodle" else unzipped(made.read_bytes())[0]
    dtd = etree.DTD(str(DTD))
    for name, content in files.items():
        assert dtd.validate(etree.fromstring(content)), (name, dtd.error_log)
    held = {"moodle": 1, "canvas": 2, "qti21": count + 2}
    assert len(files) == held[form]


def test_the_same_bank_makes_the_same_files(tmp_path, monkeypatch):
    write_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    first = export_quizzes([], [], tmp_path / "a")
    second = export_quizzes([], [], tmp_path / "b")
    assert [path.name for path, _ in first] == [
        f"01_weather{end}" for end in (".moodle.xml", ".gift.txt", ".qti12.zip", ".qti21.zip")
    ]
    for (one, _), (other, _) in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_question_that_moodle_has_no_shares_for_is_named_and_nothing_is_written(
    tmp_path, monkeypatch
):
    write_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "chapters/quiz/01_weather.txt"
    rights = "".join(f"[x] {n}\n> y\n" for n in range(11))
    path.write_text(f"# T\n\n## many\nQ\n\n{rights}[ ] no\n> n\n", "utf-8")
    with pytest.raises(QkvError, match="'many' has 11 options that are all right: Moodle"):
        export_quizzes([], ["canvas", "moodle"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_wrote_or_which_banks_there_are(tmp_path, monkeypatch):
    write_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["export-quiz", "1", "--format", "gift", "--out", "x"])
    assert done.output == "wrote x/01_weather.gift.txt: 4 questions\n"
    done = CliRunner().invoke(main, ["export-quiz", "17"])
    assert done.exit_code == 1
    assert "no question bank is called '17': there are 01_weather" in done.output
