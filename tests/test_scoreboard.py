import json
import re

import pytest

from qkv import scoreboard as board
from qkv.errors import QkvError
from qkv.scoreboard import (
    ATTENTION,
    ATTENTION_AGAIN,
    FIXED,
    ROTARY,
    TRANSFORMER,
    Model,
    scoreboard,
)

EVERY = (FIXED, ATTENTION, ATTENTION_AGAIN, TRANSFORMER, ROTARY)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """An empty book with the results of one study of two seeds, the current folder."""
    (tmp_path / "_toc.yml").write_text("")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "studies" / "results").mkdir(parents=True)
    runs = [
        {
            "setting": {"seed": seed},
            "seconds": 500.0,
            "result": {
                "parameters": 1234,
                "training": 70.0 + 10 * seed,
                "exact_by_length": [0.8 + seed / 10, 0.4, 0.3, 0.2, 0.1, 0.1 * seed],
                "bleu_by_length": [90.0, 50.0, 40.0, 30.0, 20.0, 10.0 + 10 * seed],
            },
        }
        for seed in range(2)
    ]
    stored = {"study": "bottleneck", "fingerprint": "", "runs": runs}
    (tmp_path / "studies/results/bottleneck.json").write_text(json.dumps(stored))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_row_holds_the_mean_and_the_range_over_the_seeds(book):
    (row,) = scoreboard(FIXED).rows
    assert (row.model, row.seeds, row.parameters) == (FIXED.name, 2, 1234)
    assert row.seconds == (75, 70, 80)


def test_short_and_long_are_the_bands_up_to_12_and_from_25_tokens(book):
    (row,) = scoreboard(FIXED).rows
    assert row.exact_short == pytest.approx((0.625, 0.6, 0.65))
    assert row.exact_long == pytest.approx((0.075, 0.05, 0.1))
    assert row.bleu_short == pytest.approx((70, 70, 70))
    assert row.bleu_long == pytest.approx((17.5, 15, 20))


def test_the_html_table_names_every_column_and_row(book):
    html = scoreboard(FIXED)._repr_html_()
    heads = re.findall(r'<th scope="col">(.*?)</th>', html)
    cells = re.findall(r"<td>(.*?)</td>", html)
    assert heads == ["Model", "Parameters", *board.COLUMNS]
    assert len(cells) == len(heads) - 1
    assert f'<th scope="row">{FIXED.name}</th>' in html
    assert "<caption>" in html
    assert cells[:3] == [
        "1,234",
        "75<br><small>70 to 80</small>",
        "0.62<br><small>0.60 to 0.65</small>",
    ]


def test_the_text_says_what_the_table_says(book):
    text = repr(scoreboard(FIXED))
    assert f"{FIXED.name}: 1,234 parameters, CPU seconds 75 (70 to 80)" in text
    assert "BLEU, long 18 (15 to 20)" in text


def test_an_unknown_model_is_named_with_where_models_are():
    with pytest.raises(
        ValueError, match=r"no model 'Transformer': import one from qkv\.scoreboard"
    ):
        scoreboard("Transformer")


def test_a_scoreboard_without_models_says_how_to_name_them():
    with pytest.raises(ValueError, match=r"no rows: name its models, as in scoreboard\(FIXED\)"):
        scoreboard()


def test_a_row_is_made_of_the_runs_with_its_setting(book):
    (row,) = scoreboard(Model("second seed", FIXED.runs, {"seed": 1})).rows
    assert (row.model, row.seeds, row.seconds.mean) == ("second seed", 1, 80)


def test_a_study_that_was_not_run_is_named_with_its_command(book):
    with pytest.raises(QkvError, match="qkv study attention"):
        scoreboard(ATTENTION)


def test_each_model_has_a_row_in_the_order_asked():
    rows = scoreboard(*EVERY).rows
    assert [row.model for row in rows] == [model.name for model in EVERY]
    assert all(row.seeds >= 3 for row in rows)
