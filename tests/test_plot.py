"""The book's look: stored pictures are the same on every run, small, and never without words."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from qkv import plot
from qkv.figure import FIGURE_MIME


def line_figure():
    fig, ax = plt.subplots()
    for power in (1, 2, 3):
        ax.plot(np.linspace(0, 1, 50) ** power, label=f"power {power}")
    ax.legend()
    return fig


@pytest.fixture
def shown(monkeypatch):
    """Collect what `plot.show` sends to the notebook."""
    outputs = []

    def display(data, *, metadata, raw):
        outputs.append(data | {"metadata": metadata})

    monkeypatch.setattr(plot, "display", display)
    return outputs


def test_a_figure_leaves_its_record_its_picture_and_its_words(shown):
    plot.show(line_figure(), name="fig-powers", caption="Powers of $x$.", alt="Three curves.")
    record = shown[0][FIGURE_MIME]
    assert {key: record[key] for key in ("name", "caption", "alt", "module", "state")} == {
        "name": "fig-powers",
        "caption": "Powers of $x$.",
        "alt": "Three curves.",
        "module": None,
        "state": None,
    }
    assert shown[0]["text/plain"] == "Three curves."
    assert shown[0]["image/png"] == record["still"]
    image = Image.open(io.BytesIO(base64.b64decode(record["still"])))
    assert image.size == (1040, 640)


def test_a_shown_picture_is_as_wide_as_it_was_drawn(shown):
    plot.show(line_figure(), alt="Three curves.")
    width_in_inches = plt.rcParams["figure.figsize"][0]
    assert shown[0]["metadata"] == {"image/png": {"width": round(96 * width_in_inches)}}


def test_a_stored_picture_is_a_white_card_with_round_corners():
    photograph, ax = plt.subplots()
    ax.imshow(np.random.default_rng(0).random((300, 300, 3)))
    for fig in (line_figure(), photograph):
        image = Image.open(io.BytesIO(plot.png(fig))).convert("RGBA")
        right, bottom = image.width - 1, image.height - 1
        for x, y in ((0, 0), (right, 0), (0, bottom), (right, bottom)):
            assert image.getpixel((x, y))[3] == 0
        for x, y in ((20, 20), (right // 2, 0), (0, bottom // 2)):
            assert image.getpixel((x, y)) == (255, 255, 255, 255)
    plt.close("all")


def test_a_shown_figure_is_closed_so_that_the_notebook_does_not_show_it_twice(shown):
    fig = line_figure()
    plot.show(fig, alt="Three curves.")
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "   ", None])
def test_a_figure_without_alternative_text_is_refused_by_name(shown, alt):
    with pytest.raises(ValueError, match="'fig-powers' has alt="):
        plot.show(line_figure(), name="fig-powers", alt=alt)
    assert shown == []
    plt.close("all")


def test_the_same_drawing_gives_the_same_bytes():
    first, second = line_figure(), line_figure()
    assert plot.png(first) == plot.png(second)
    plt.close("all")


def test_a_picture_carries_no_date_and_no_program_name():
    image = Image.open(io.BytesIO(plot.png(line_figure())))
    assert not {"Software", "Creation Time", "date:create"} & set(image.info)
    plt.close("all")


def test_a_line_drawing_is_stored_with_a_palette_and_a_photograph_is_not():
    assert Image.open(io.BytesIO(plot.png(line_figure()))).mode == "P"
    fig, ax = plt.subplots()
    noise = np.random.default_rng(0).random((300, 300, 3))
    ax.imshow(noise)
    assert Image.open(io.BytesIO(plot.png(fig))).mode == "RGBA"
    plt.close("all")


def test_a_palette_changes_nothing_that_one_can_see():
    image = plot.picture(line_figure())
    small = plot.few_colours(image).convert("RGB")
    change = np.abs(np.asarray(image, int) - np.asarray(small, int))
    assert np.percentile(change, 99.9) <= 24
    assert change.mean() < 0.1
    plt.close("all")


def test_lines_differ_in_style_as_well_as_colour():
    fig, ax = plt.subplots()
    lines = [ax.plot([0, 1])[0] for _ in range(6)]
    assert len({line.get_color() for line in lines}) == 6
    assert len({str(line._dash_pattern) for line in lines}) == 6
    plt.close(fig)


def test_text_stays_readable_on_a_phone_360_pixels_wide():
    # 328 pixels are left between the margins; the smallest text is that of the tick labels.
    width_in_points = 72 * plt.rcParams["figure.figsize"][0]
    fig, ax = plt.subplots()
    fig.canvas.draw()
    smallest = ax.get_xticklabels()[0].get_fontsize()
    plt.close(fig)
    assert smallest * 328 / width_in_points >= 9


@pytest.mark.parametrize(
    ("width", "size", "fits"), [(5.2, 12, True), (5.2, 9, False), (8, 12, False), (8, 16.5, True)]
)
def test_text_that_a_phone_would_show_too_small_is_refused(shown, width, size, fits):
    fig, ax = plt.subplots(figsize=(width, 3))
    ax.plot([1, 2])
    ax.tick_params(labelsize=17)
    ax.text(0.2, 1.5, "small print", size=size)
    if fits:
        plot.show(fig, name="fig-print", alt="A line.")
    else:
        with pytest.raises(ValueError, match=r"'fig-print' is .* and has 'small print' in"):
            plot.show(fig, name="fig-print", alt="A line.")
    plt.close("all")


def test_a_narrow_picture_is_not_blamed_for_a_phone(shown):
    fig, _ = plt.subplots(figsize=(2, 2))
    plot.show(fig, alt="Nothing.")
    assert len(shown) == 1


def test_a_sheet_counts_in_inches():
    fig, ax = plot.sheet(3.0, 2.0)
    plot.box(ax, 1.0, 1.5, width=1.0, height=0.5, fc="black", ec="black")
    dark = np.argwhere(np.asarray(plot.picture(fig, 100).convert("L")) < 128)
    assert dark.min(0).tolist() == pytest.approx([25, 50], abs=2)  # from the top, from the left
    assert dark.max(0).tolist() == pytest.approx([75, 150], abs=2)
    plt.close(fig)


@pytest.mark.parametrize("draw", [plot.box, plot.ring])
def test_a_marked_part_is_set_off_by_more_than_its_colour(draw):
    fig, ax = plot.sheet(3.0, 2.0)
    draw(ax, 1.0, 1.0, "plain")
    draw(ax, 2.0, 1.0, "marked", marked=True)
    plain, marked = ax.patches
    assert marked.get_linewidth() > 1.5 * plain.get_linewidth()
    assert [text.get_weight() for text in ax.texts] == ["normal", "bold"]
    assert [text.get_position() for text in ax.texts] == [(1.0, 1.0), (2.0, 1.0)]
    plt.close(fig)


def test_the_look_of_one_mark_can_be_changed():
    fig, ax = plot.sheet(3.0, 2.0)
    plot.box(ax, 1.0, 1.0, "a", ls="--", name={"size": 20})
    assert ax.patches[0].get_linestyle() == "--"
    assert ax.texts[0].get_fontsize() == 20
    plt.close(fig)


def arrow_rows(**line):
    """Return how many rows an arrow darkens in its middle and at its end."""
    fig, ax = plot.sheet(3.0, 2.0)
    plot.arrow(ax, (0.5, 0.5), (0.5, 1.5), (2.5, 1.5), color="black", **line)
    dark = np.asarray(plot.picture(fig, 100).convert("L")) < 128
    plt.close(fig)
    assert dark[100, 50]  # on the way up
    assert dark[50, 150]  # on the way to the right
    assert not dark[155:].any()
    assert not dark[:, :45].any()
    assert not dark[:, 255:].any()
    return dark[:, 150].sum(), dark[:, 240:250].any(1).sum()


def test_an_arrow_goes_through_its_points_and_its_head_is_at_the_last():
    middle, end = arrow_rows(lw=2)
    assert end > 2 * middle


def test_an_arrow_without_a_head_is_a_line_as_thick_as_it_is_told():
    middle, end = arrow_rows(lw=2, head=False)
    assert end == middle
    assert arrow_rows(lw=6, head=False)[0] > 2 * middle
