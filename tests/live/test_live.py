"""Live figures in Python: what they store, what they refuse, what the reader's setting does."""

import base64
import io
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import traitlets
from ipywidgets import VBox
from PIL import Image

from qkv.errors import QkvError
from qkv.figure import FIGURE_MIME, png_size
from qkv.live import Heatmap, Scatter, Sweep
from qkv.live import bundle as bundler
from qkv.live.base import WIDGET_MIME, LiveFigure
from qkv.live.bundle import bundle, site_modules, site_scripts


def draw(slope, shape="line"):
    fig, ax = plt.subplots(figsize=(2, 1.5))
    x = np.linspace(0, 1, 20)
    ax.plot(x, slope * x ** (1 if shape == "line" else 2))
    ax.set(ylim=(0, 3))
    return fig


def describe(slope, shape="line"):
    return f"A {shape} that rises to {slope}."


def sweep(controls=None, **changes):
    controls = controls or {"slope": [1, 2, 3], "shape": ["line", "curve"]}
    return Sweep(
        **{
            "draw": draw,
            "controls": controls,
            "describe": describe,
            "name": "fig-slope",
            "caption": "A slope of $s$.",
            "alt": "A line.",
            **changes,
        }
    )


def heatmap(**changes):
    weights = np.array([[0.25, 0.75], [np.nan, 0.5]])
    given = {"weights": weights, "rows": ["a", "b"], "columns": ["c", "d"], "alt": "Weights."}
    return Heatmap(**{**given, **changes})


def scatter(**changes):
    points = np.array([[0.0, 1.0], [2.0, -1.0], [4.0, 0.5]])
    return Scatter(**{"points": points, "labels": ["x", "y", "z"], "alt": "Points.", **changes})


FIGURES = {"sweep": sweep, "heatmap": heatmap, "scatter": scatter}


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


@pytest.mark.parametrize("module", FIGURES)
class TestEveryFigure:
    def test_leaves_a_record_a_still_picture_and_words(self, module):
        figure = FIGURES[module](name="fig-one", caption="One.")
        output, metadata = figure._repr_mimebundle_()
        record = output[FIGURE_MIME]
        assert record["module"] == module
        assert (record["name"], record["caption"]) == ("fig-one", "One.")
        assert output["text/plain"] == record["alt"] != ""
        assert Image.open(io.BytesIO(base64.b64decode(output["image/png"]))).format == "PNG"
        assert output["image/png"] == record["still"]
        width = png_size(base64.b64decode(record["still"]))[0]
        assert metadata["image/png"] == {"width": width}
        assert WIDGET_MIME in output

    def test_has_a_state_of_plain_values_without_the_widget_s_own(self, module):
        record = FIGURES[module]()._repr_mimebundle_()[0][FIGURE_MIME]
        assert json.loads(json.dumps(record["state"])) == record["state"]
        assert not {"layout", "caption", "alt", "_esm", "_css"} & set(record["state"])

    def test_stores_the_same_bytes_when_it_is_made_again(self, module):
        first, second = (FIGURES[module]()._repr_mimebundle_()[0][FIGURE_MIME] for _ in range(2))
        assert first == second

    def test_refuses_to_be_without_alternative_text(self, module):
        with pytest.raises(ValueError, match="say in a sentence what it shows"):
            FIGURES[module](alt=" ")

    def test_composes_with_other_widgets(self, module):
        figure = FIGURES[module]()
        box = VBox([figure])
        assert box.children == (figure,)
        assert "export default" in figure._esm
        assert ".qkv-figure" in figure._css

    def test_leaves_no_matplotlib_figure_open(self, module):
        plt.close("all")
        FIGURES[module]()._repr_mimebundle_()
        assert plt.get_fignums() == []


def test_a_state_too_large_for_a_page_is_refused_with_its_size():
    class Heavy(LiveFigure):
        module = "sweep"
        load = traitlets.Unicode().tag(sync=True)

    with pytest.raises(ValueError, match="'fig-heavy' carries 400 kB, more than the 300 kB"):
        Heavy(name="fig-heavy", alt="A weight.", load="x" * 400_000)


class TestSweep:
    def test_the_frames_laid_over_the_first_give_back_each_figure(self):
        figure = sweep({"slope": [1, 2, 3]})
        shared, *frames = (pixels(frame) for frame in figure.frames)
        for slope, frame in zip([1, 2, 3], frames, strict=True):
            shown = np.where(frame[..., 3:] > 0, frame, shared)[..., :3].astype(int)
            fig = draw(slope)
            wanted = np.asarray(live_picture(fig), int)
            assert np.abs(shown - wanted).mean() < 1.5

    def test_what_all_frames_share_is_stored_once(self):
        shared, *frames = sweep({"slope": [1, 2, 3]}).frames
        assert max(len(frame) for frame in frames) < len(shared) / 2

    def test_there_is_one_frame_and_one_sentence_for_every_setting(self):
        figure = sweep()
        assert len(figure.frames) == 1 + 3 * 2
        assert figure.texts[3] == "A curve that rises to 2."

    def test_values_say_what_the_reader_has_set(self):
        figure = sweep({"slope": [1, 2, 3]}, start={"slope": 2})
        assert figure.values == {"slope": 2}

    def test_the_still_picture_is_the_frame_that_the_controls_start_at(self):
        from qkv import plot

        figure = sweep({"slope": [1, 2, 3]}, start={"slope": 3})
        fig = draw(3)
        assert figure.still() == plot.png(fig)
        plt.close(fig)

    def test_a_number_between_the_listed_ones_is_drawn_anew(self):
        figure = sweep()
        figure.values = {"slope": 2.5, "shape": "line"}
        assert figure.drawn["values"] == {"slope": 2.5, "shape": "line"}
        assert figure.drawn["text"] == "A line that rises to 2.5."
        assert pixels(figure.drawn["frame"]).shape[:2] == tuple(figure.size[::-1])
        figure.values = {"slope": 2, "shape": "line"}
        assert figure.drawn is None

    def test_a_number_that_cannot_be_drawn_says_why_and_breaks_nothing(self):
        def picky(slope):
            if slope == 1.5:
                raise ValueError("slope=1.5 has no line")
            return draw(slope)

        figure = sweep({"slope": [1, 2]}, draw=picky, describe=lambda slope: f"{slope}")
        figure.values = {"slope": 1.5}
        assert figure.drawn["frame"] is None
        assert figure.drawn["text"] == "No figure for this setting: slope=1.5 has no line"
        plt.close("all")

    def test_draw_may_draw_on_the_current_figure(self):
        def on_current(slope):
            draw(slope)

        assert sweep({"slope": [1, 2]}, draw=on_current).frames == sweep({"slope": [1, 2]}).frames

    def test_too_many_frames_are_refused_with_their_number_and_size(self):
        def noisy(seed):
            fig, ax = plt.subplots()
            ax.imshow(np.random.default_rng(seed).random((120, 200)), aspect="auto")
            return fig

        with pytest.raises(ValueError, match=r"\d+ kB, more than .* it has 8 frames; list fewer"):
            sweep({"seed": list(range(8))}, draw=noisy, describe=lambda seed: f"Noise {seed}.")

    @pytest.mark.parametrize(
        ("controls", "message"),
        [
            ({}, "one to three controls, not 0"),
            ({"slope": [1]}, "'slope' has .1.: give two or more"),
            ({"slope": [1, 1]}, "each once"),
            ({"slope": [1, "two"]}, "all numbers or all strings"),
        ],
    )
    def test_a_control_that_cannot_be_shown_is_named(self, controls, message):
        with pytest.raises(ValueError, match=message):
            Sweep(draw, controls, describe=describe, alt="A line.")

    def test_a_start_that_is_not_there_is_named(self):
        with pytest.raises(ValueError, match=r"'slope' starts at 5, which is not one of \[1, 2\]"):
            sweep({"slope": [1, 2]}, start={"slope": 5})
        with pytest.raises(ValueError, match=r"start names .'tilt'., which are no controls"):
            sweep({"slope": [1, 2]}, start={"tilt": 1})


def live_picture(fig):
    from qkv import plot
    from qkv.live.sweep import DPI

    image = plot.picture(fig, DPI)
    plt.close(fig)
    return image


class TestHeatmap:
    def codes(self, figure):
        return np.frombuffer(base64.b64decode(figure.weights), "<u2")

    def test_weights_come_back_to_four_digits_and_masked_cells_are_marked(self):
        figure = heatmap()
        low, high = figure.extent
        codes = self.codes(figure)
        assert low == 0
        assert codes[2] == 65535
        back = low + codes[[0, 1, 3]] / 65534 * (high - low)
        np.testing.assert_allclose(back, [0.25, 0.75, 0.5], atol=1e-4)

    def test_signed_numbers_get_a_scale_with_zero_in_the_middle(self):
        assert heatmap(weights=[[-1.0, 0.5], [0, 0.25]]).extent == [-1.0, 1.0]

    def test_a_stack_becomes_controls(self):
        figure = heatmap(weights=np.ones((3, 2, 2)), stack={"head": ["1", "2", "3"]})
        assert figure.stack == [{"name": "head", "labels": ["1", "2", "3"]}]
        assert figure.chosen == {"head": "1"}

    def test_labels_that_do_not_fit_the_shape_are_refused_with_both_shapes(self):
        with pytest.raises(ValueError, match=r"shape \(2, 2\) but .* name \(2, 3\)"):
            heatmap(columns=["c", "d", "e"])

    def test_a_grid_too_large_to_read_is_refused(self):
        with pytest.raises(ValueError, match="70 rows and 2 columns cannot be read"):
            heatmap(weights=np.ones((70, 2)), rows=[str(i) for i in range(70)])

    def test_a_grid_without_a_number_is_refused(self):
        with pytest.raises(ValueError, match="every weight is masked"):
            heatmap(weights=np.full((2, 2), np.nan))


class TestScatter:
    def test_places_come_back_to_a_thousandth_of_the_span(self):
        figure = scatter()
        x0, y0, x1, y1 = figure.extent
        codes = np.frombuffer(base64.b64decode(figure.places), "<u2").reshape(-1, 2)
        back = [x0, y0] + codes / 65535 * [x1 - x0, y1 - y0]
        np.testing.assert_allclose(back, [[0, 1], [2, -1], [4, 0.5]], atol=1e-4)

    def test_two_thousand_points_with_neighbours_stay_small(self):
        rng = np.random.default_rng(0)
        figure = scatter(
            points=rng.normal(size=(2000, 2)),
            labels=[f"word{i}" for i in range(2000)],
            groups=rng.integers(0, 4, 2000),
            neighbours=rng.integers(0, 2000, (2000, 8)),
        )
        assert len(json.dumps(figure.figure_state())) < 100_000

    def test_points_on_one_spot_still_have_a_place(self):
        figure = scatter(points=np.ones((3, 2)))
        assert figure.extent == [1.0, 1.0, 2.0, 2.0]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"labels": ["x"]}, "3 points but 1 labels"),
            ({"points": np.ones(3)}, r"shape \(3,\): give \(n, 2\)"),
            ({"points": [[0, 1], [2, np.inf], [1, 1]]}, "not finite"),
            ({"groups": ["a"]}, "3 points but 1 groups"),
            ({"neighbours": [[1], [2], [3]]}, "same number of indices"),
        ],
    )
    def test_arguments_that_do_not_fit_are_refused(self, change, message):
        with pytest.raises(ValueError, match=message):
            scatter(**change)

    def test_more_groups_than_shapes_are_refused(self):
        points = np.arange(14.0).reshape(7, 2)
        with pytest.raises(ValueError, match="7 groups cannot be told apart"):
            scatter(points=points, labels="abcdefg", groups="abcdefg")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that holds all scripts there are: none yet."""
    monkeypatch.setattr(bundler, "PACKAGE", tmp_path)
    monkeypatch.setattr(bundler, "folders", lambda: [tmp_path / "a", tmp_path / "b"])
    monkeypatch.setattr(bundler, "scripts", bundler.scripts.__wrapped__)
    for name in "ab":
        (tmp_path / name).mkdir()
    return tmp_path / "a"


IMPORTING = (
    'import { one } from "./a.js";\nimport {\n  two as deux,\n} from "./b.js";\n'
    "const hidden = 3;\nexport default { render() { return one + deux + hidden; } };\n"
)


class TestBundle:
    def test_imports_are_written_in_once_with_what_they_need_first(self, folder):
        (folder / "a.js").write_text("export const one = 1;\nconst hidden = 9;\n")
        (folder / "b.js").write_text('import { one } from "./a.js";\nexport const two = one + 1;\n')
        (folder / "main.js").write_text(IMPORTING)
        source = bundle("main")
        assert "import" not in source
        assert source.count("const one = 1;") == 1
        assert source.index("__a = (") < source.index("__b = (")
        assert "const {two: deux} = __b;" in source

    @pytest.mark.parametrize(
        "line",
        [
            'import x from "./a.js";',
            'import { x } from "https://example.org/x.js";',
            'const x = await import("x");',
        ],
    )
    def test_an_import_of_another_kind_is_refused(self, folder, line):
        (folder / "main.js").write_text(line + "\nexport default {};\n")
        with pytest.raises(QkvError, match=r"main.js has `"):
            bundle("main")

    def test_files_that_import_each_other_are_refused(self, folder):
        (folder / "main.js").write_text('import { x } from "./a.js";\nexport default {};\n')
        (folder / "a.js").write_text('import { y } from "./main.js";\nexport const x = 1;\n')
        with pytest.raises(QkvError, match=r"main.js imports itself through a.js"):
            bundle("main")

    def test_two_scripts_of_one_name_are_refused_with_both_places(self, folder):
        (folder / "main.js").write_text("export default {};\n")
        (folder.parent / "b/main.js").write_text("export default {};\n")
        with pytest.raises(QkvError, match=r"called main.js: a/main.js and b/main.js; rename one"):
            bundle("main")

    def test_an_unknown_module_names_those_there_are(self):
        with pytest.raises(QkvError, match=r"'swep': choose one of .*sweep"):
            bundle("swep")

    def test_no_module_names_another_host(self):
        for path in bundler.scripts().values():
            text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "http" not in text, path.name


class TestTheSitesScripts:
    def test_each_file_is_a_script_of_its_own_once(self, folder):
        (folder / "a.js").write_text("export const one = 1;\n")
        (folder / "b.js").write_text('import { one } from "./a.js";\nexport const two = one + 1;\n')
        (folder / "main.js").write_text(IMPORTING)
        (folder / "other.js").write_text('import { one } from "./a.js";\nexport default {};\n')
        (folder / "unused.js").write_text("export const nothing = 0;\n")
        files = site_scripts()
        modules = {f"qkv/{name}.js" for name in ("a", "b", "main", "other")}
        assert set(files) == {"qkv-live.js", *modules}
        assert '"main": ["a", "b"]' in files["qkv-live.js"]
        assert [name for name in files if "const one = 1;" in files[name]] == ["qkv/a.js"]
        for name in modules:
            assert not re.search(r"^(import|export)\b", files[name], re.M), name

    def test_every_figure_of_the_package_can_be_made(self):
        files = site_scripts()
        assert "throw Error(" not in "".join(
            files[f"qkv/{name}.js"][:60] for name in site_modules()
        )
        assert {f"qkv/{name}.js" for name in ("heatmap", "scatter", "sweep", "quiz")} <= set(files)
        assert "/* NEEDS" not in files["qkv-live.js"]
        assert "/* VERSION" not in files["qkv-live.js"]

    def test_a_change_of_a_module_changes_the_address_of_all(self, folder):
        (folder / "main.js").write_text("export default {};\n")
        before = site_scripts()["qkv-live.js"]
        (folder / "main.js").write_text("export default { render() {} };\n")
        assert site_scripts()["qkv-live.js"] != before

    def test_a_module_that_cannot_be_made_leaves_the_others_whole(self, folder):
        (folder / "whole.js").write_text("export default {};\n")
        (folder / "broken.js").write_text('import { x } from "./gone.js";\nexport default {};\n')
        files = site_scripts()
        assert "broken.js imports ./gone.js, and there is no such file" in files["qkv/broken.js"]
        assert "return {default: __drawn}" in files["qkv/whole.js"]
