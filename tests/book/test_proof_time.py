"""The benchmark of `make test` puts every test into the part that it belongs to."""

import pytest
from benchmarks.proof_time import PARTS, model, parts_of

REPORT = """<testsuites><testsuite time="30.5">
<testcase classname="chapters.01_a.ipynb" name="Cell 0" time="4"/>
<testcase classname="chapters.01_a.ipynb" name="Cell 1" time="1"/>
<testcase classname="tests.book.test_pages" name="t[a.html]" time="10"/>
<testcase classname="tests.figures.test_heads_browser" name="t" time="2"/>
<testcase classname="tests.grade.sets.test_prove" name="t" time="3"/>
<testcase classname="tests.grade.test_class" name="t" time="6"/>
<testcase classname="tests.test_train" name="t" time="1"/>
</testsuite></testsuites>"""


def test_every_test_counts_in_its_part(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    seconds, notebooks, whole = parts_of(report)
    assert list(seconds.values()) == [5, 10, 2, 3, 6, 1]
    assert (notebooks, whole) == (1, 30.5)


def test_the_model_lets_grow_what_each_chapter_adds():
    seconds = dict(zip(PARTS, [50.0, 10.0, 2.0, 3.0, 6.0, 1.0], strict=True))
    # Ten chapters: pages, figures and exercises double; two of five notebooks are proved.
    assert model(seconds, 5, 8.0, 10) == pytest.approx(16 + (30 + 7 + 20) / 2)
