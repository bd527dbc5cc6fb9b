"""The chooser in the page: which models can do a job, and why the others cannot."""

import pytest
from live_page import errors_of, open_live
from page_checks import barriers, operate_all, says, small_targets, width_needed

from qkv.figures.chooser import Chooser, mask_of
from qkv.live.bundle import bundle

JUDGE = """async ([source, state, need]) => {
  const { judge } = await import(
    URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  const of = ([, goesIn, comesOut, whole, own]) => ({ goesIn, comesOut, whole, own });
  return state.jobs.map((job) => state.models
    .filter((model) => judge(model, of(job)).fits === need).map(([name]) => name));
}"""
FIT = [
    ["GPT-3", "LLaMA"],
    ["BERT"],
    ["BERT"],
    ["BART", "T5"],
    ["BART", "T5"],
    ["DALL·E"],
    ["ViT"],
    ["LLaMA"],
]
COULD = [["BART", "T5"], [], [], ["GPT-3", "LLaMA"], ["GPT-3", "LLaMA"], [], [], ["BART", "T5"]]


@pytest.fixture(scope="module")
def figure():
    return Chooser(name="fig-try-choose", caption="Choose.", alt="Jobs and models.")


def test_each_of_the_eight_jobs_finds_the_models_of_the_chapter(page, figure):
    source, state = bundle("chooser"), figure.figure_state()
    page.set_content("<p>")
    assert page.evaluate(JUDGE, [source, state, "yes"]) == FIT
    assert page.evaluate(JUDGE, [source, state, "less"]) == COULD


def test_the_masks_are_those_of_a_decoder_an_encoder_and_both():
    assert mask_of("before").sum() == 21
    assert mask_of("all").all()
    both = mask_of("both")
    assert both[:3, :3].all()
    assert not both[:3, 3:].any()
    assert both[3:, :3].all()
    assert both[3:, 3:].tolist() == [[True, False, False], [True, True, False], [True] * 3]


def test_a_job_of_ones_own_is_judged_by_the_same_rules(page, tmp_path, figure):
    errors = errors_of(page)
    open_live(page, tmp_path, figure)
    says(page, "Fits: GPT-3, LLaMA. Could do it: BART, T5.")
    page.get_by_label("Job").select_option(label="7. name a leaf's disease")
    says(page, "Fits: ViT.")
    page.get_by_label("Comes out").select_option(label="text")
    says(page, "None of these models fits.")
    assert page.get_by_label("Job").evaluate("e => e.selectedOptions[0].label") == "a job of my own"
    page.get_by_label("Job").select_option(label="1. go on with a mail")
    page.get_by_label("On machines of one's own").check()
    says(page, "Fits: LLaMA. Could do it: BART, T5.")
    refused = page.locator(".qkv-fits-no", has_text="GPT-3").inner_text()
    assert refused.endswith("its weights are not given out")
    assert errors == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chooser_is_for_everyone(page, tmp_path, figure, width, theme):
    open_live(page, tmp_path, figure, theme=theme, width=width)
    assert barriers(page) == []
    assert width_needed(page) <= width
    assert small_targets(page, "button, select, .qkv-tick, .qkv-options label") == []


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_each_control_of_the_chooser_does_something(page, tmp_path, figure, how):
    open_live(page, tmp_path, figure)
    assert operate_all(page.locator("#fig-try-choose"), how) == []
