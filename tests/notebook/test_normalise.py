import pytest
from toy_book import code

from qkv.notebook.normalise import normalise, on_a_terminal


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10%\r100%\n", "100%\n"),
        ("abc\rx\n", "xbc\n"),
        ("a long line\r\x1b[Kx", "x"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
def test_carriage_returns_are_resolved_as_a_terminal_does(written, shown):
    assert on_a_terminal(written) == shown


def normal(tmp_path, *outputs):
    """Return the outputs of one cell once they are normalised."""
    cell = {**code("x"), "outputs": list(outputs)}
    normalise({"cells": [cell], "metadata": {}}, tmp_path)
    return cell["outputs"]


def stream(name, text):
    return {"output_type": "stream", "name": name, "text": text}


def test_streams_are_merged_up_to_the_next_figure(tmp_path):
    figure = {"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {}}
    pieces = [stream("stderr", "1"), stream("stdout", "a"), stream("stderr", "2")]
    assert normal(tmp_path, *pieces, figure, stream("stdout", "b")) == [
        stream("stdout", "a"),
        stream("stderr", "12"),
        figure,
        stream("stdout", "b"),
    ]


@pytest.mark.parametrize(
    "bar",
    [
        "loss 0.31:  45%|████▌     | 45/100 [00:01<00:01, 31.2it/s]",
        "100%|██████████| 1.20k/1.20k [1:00:00<00:00, 3.4kB/s, loss=2]",
        "45it [00:01, 44.1it/s]",
    ],
)
def test_progress_bars_leave_what_else_was_said(tmp_path, bar):
    text = f"before\n\r{bar}\nafter\n"
    assert normal(tmp_path, stream("stderr", text)) == [stream("stderr", "before\nafter\n")]
    assert normal(tmp_path, stream("stderr", f"\r{bar}\n")) == []


def test_folders_of_this_machine_are_not_stored(tmp_path):
    text = f"{tmp_path}/src/qkv/a.py and /usr/lib/python3/site-packages/torch/nn.py"
    shown = normal(tmp_path, stream("stdout", text))
    assert shown == [stream("stdout", "src/qkv/a.py and site-packages/torch/nn.py")]
