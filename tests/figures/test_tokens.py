"""Text in, tokens out: the browser cuts words exactly as Python does."""

import collections
import itertools
import json
import pydoc_data.topics
import random
import re

import pytest
from live_page import live_page

from qkv.figures.tokens import PIECE, Tokens, for_browser
from qkv.live.bundle import bundle

MERGES = [("t", "h"), ("th", "e"), (" ", "the"), ("a", "n"), ("an", "a"), ("n", "a")]
LETTERS = [" ", "a", "b", "e", "h", "n", "t"]
IMPORT = """const load = (source) =>
  import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));"""


def encode(word, merges):
    """Byte-pair encoding, slow and plain: apply each merge in turn, everywhere, left to right."""
    symbols = list(word)
    for left, right in merges:
        merged = []
        while symbols:
            if symbols[:2] == [left, right]:
                merged.append(left + right)
                del symbols[:2]
            else:
                merged.append(symbols.pop(0))
        symbols = merged
    return symbols


def learn(words, n_merges):
    """The n most frequent pairs, one after the other."""
    counts, merges = collections.Counter(words), []
    cut = {word: list(word) for word in counts}
    for _ in range(n_merges):
        pairs = collections.Counter()
        for word, symbols in cut.items():
            for pair in itertools.pairwise(symbols):
                pairs[pair] += counts[word]
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for symbols in cut.values():
            for i in range(len(symbols) - 1):
                if symbols[i : i + 2] == list(best):
                    symbols[i : i + 2] = ["".join(best)]
    return merges


def pieces(text):
    """The words of a text, each with the space before it; other white space by itself."""
    return re.findall(PIECE, text)


@pytest.fixture(scope="module")
def manual():
    """Some English prose, words of other scripts, and words from a few letters at random."""
    prose = "\n".join(list(pydoc_data.topics.topics.values())[:6])[:20_000]
    dice = random.Random(1)
    noise = ["".join(dice.choices("ana", k=dice.randint(1, 12))) for _ in range(300)]
    return f"{prose} naïve Größe 漢字 𝒳𝒴 🙂🙂 e\u0301te\u0301 İstanbul {' '.join(noise)}"


@pytest.fixture
def show(page, tmp_path):
    """A function that opens a page with the figure of the given lists."""

    def open_page(text="the banana than tea", merges=MERGES, vocabulary=("the", "tea"), **more):
        figure = Tokens(
            merges,
            vocabulary,
            text,
            characters=LETTERS,
            name="fig-tokens",
            caption="C",
            alt="A",
            **more,
        )
        path = tmp_path / "page.html"
        path.write_text(live_page(figure), "utf-8")
        page.goto(path.as_uri())
        page.get_by_label("Text").wait_for()
        return page

    return open_page


def tokens(page):
    return page.locator(".qkv-token").all_inner_texts()


def ids(page):
    return page.locator(".qkv-id").all_inner_texts()


def wait_for_status(page, text):
    page.get_by_role("status").get_by_text(text, exact=True).wait_for()


@pytest.mark.parametrize("n_merges", [0, 1, 50, 400])
def test_every_word_is_cut_as_python_cuts_it(page, manual, n_merges):
    words = sorted(set(pieces(manual)))
    merges = learn(pieces(manual), 400)
    found = page.evaluate(
        "async ([source, words, merges, n]) => {"
        + IMPORT
        + """const { bpeEncode, ranksOf } = await load(source);
          const ranks = ranksOf(merges, n);
          return words.map((word) => bpeEncode(word, ranks));
        }""",
        [bundle("tokens"), words, merges, n_merges],
    )
    assert len(words) > 800
    assert found == [encode(word, merges[:n_merges]) for word in words]


def test_the_browser_finds_the_same_words_as_python(page, manual):
    text = manual + " a\tb\nc\u00a0d\u2003e\u0085f\x1cg \ufeffh x²½ ①_n Ⅷ"
    found = page.evaluate(
        "async ([source, text, pattern]) => {"
        + IMPORT
        + "return (await load(source)).found(text, pattern); }",
        [bundle("tokens"), text, for_browser(PIECE)],
    )
    assert found == pieces(text)
    assert "".join(found) == text


@pytest.mark.parametrize(
    "pattern", [r"\w+", r"[\w']+|\S", r"\W", r"[^\s]+", r"\d\.|\(\[", r"[a\]\w]+"]
)
def test_a_pattern_means_the_same_in_the_browser(page, pattern):
    text = "it's naïve, 3. ([a]b] ½"
    found = page.evaluate(
        "([text, pattern]) => text.match(new RegExp(pattern, 'gu'))", [text, for_browser(pattern)]
    )
    assert found == re.findall(pattern, text)


def test_a_class_that_cannot_be_spelt_out_is_refused():
    with pytest.raises(ValueError, match=r"\[\\S\]"):
        for_browser(r"[\S]+")


def test_tokens_show_their_ids_and_their_spaces(show):
    page = show()
    assert tokens(page) == ["the", "␣", "b", "an", "ana", "␣", "th", "an", "␣", "t", "e", "a"]
    # Seven letters come before the merges; "the" is the second merge and has the id 8.
    assert ids(page)[:5] == ["8", "0", "2", "10", "11"]
    wait_for_status(page, "12 tokens for 19 characters: 0.63 tokens per character, with 6 merges.")


def test_a_symbol_that_two_merges_make_has_the_later_id(show):
    merges = [("a", "n"), ("an", "a"), ("n", "a"), ("a", "na"), ("t", "h")]
    page = show("than ana", merges=merges)
    assert tokens(page) == ["th", "an", "␣", "ana"]
    assert ids(page) == ["11", "7", "0", "10"]


def test_fewer_merges_give_more_tokens_by_keyboard(show):
    page = show()
    page.get_by_label("Merges").focus()
    page.keyboard.press("Home")
    assert tokens(page) == list("the␣banana␣than␣tea")
    wait_for_status(page, "19 tokens for 19 characters: 1.00 tokens per character, with 0 merges.")
    page.keyboard.press("ArrowRight")
    assert tokens(page)[:2] == ["th", "e"]


def test_words_are_looked_up_and_the_unknown_ones_are_marked_in_words(show):
    page = show("the tea, The", word_pattern=r"\w+|[^\w\s]", lowercase=False)
    page.get_by_label("words").check()
    assert tokens(page) == ["the", "tea", ",", "The"]
    assert ids(page) == ["0", "1", "unknown", "unknown"]
    assert not page.get_by_label("Merges").is_visible()
    wait_for_status(page, "4 tokens for 12 characters: 0.33 tokens per character. 2 unknown.")


def test_words_can_be_looked_up_in_small_letters(show):
    page = show("The tea")
    page.get_by_label("words").check()
    assert ids(page) == ["0", "1"]


def test_an_unknown_word_shows_the_id_that_stands_for_it(show):
    page = show("tea time", vocabulary=["the", "<unk>", "tea"])
    page.get_by_label("words").check()
    assert ids(page) == ["2", "unknown, 1"]


def test_characters_are_characters_and_not_halves_of_them(show):
    page = show("a 𝒳\nt")
    page.get_by_label("characters").check()
    assert tokens(page) == ["a", "␣", "𝒳", "↵", "t"]
    assert ids(page) == ["1", "0", "unknown, 13", "unknown, 13", "6"]


def test_typing_cuts_at_once_and_tells_the_count_when_it_rests(show):
    page = show()
    page.get_by_label("Text").fill("")
    assert tokens(page) == []
    wait_for_status(page, "No text, no tokens.")
    page.get_by_label("Text").press_sequentially("tea")
    assert tokens(page) == ["t", "e", "a"]
    wait_for_status(page, "3 tokens for 3 characters: 1.00 tokens per character, with 6 merges.")


def test_the_figure_gives_the_ids_that_chapter_one_gives(page, manual):
    from qkv.chapters.encodings import BytePairEncoding, Vocabulary, words

    text = manual.replace("🙂", "")
    trained = BytePairEncoding.train(text, 300)
    vocabulary = Vocabulary(words(text), min_count=3)
    figure = Tokens(
        trained.merges, vocabulary.tokens, "x", characters=sorted(set(text)), alt="A"
    ).figure_state()
    sample = text[:3000] + text[-900:] + "🙂 Ünknown"
    found = page.evaluate(
        """async ([source, state, text]) => {"""
        + IMPORT
        + """const { tokenise, tokeniserOf } = await load(source);
          const of = tokeniserOf((key) => state[key]);
          return ["pairs", "words"].map((how) => tokenise(text, how, of).map(({ id }) => id));
        }""",
        [bundle("tokens"), figure, sample],
    )
    assert found == [trained.encode(sample), vocabulary.encode(words(sample))]


def test_text_never_becomes_markup(show):
    page = show("<b>a</b>")
    assert page.locator("b").count() == 0
    assert "".join(tokens(page)) == "<b>a</b>"


def test_the_still_picture_shows_the_same_tokens_as_the_browser(manual):
    merges = learn(pieces(manual), 200)
    figure = Tokens(merges, [], manual[:500], name=None, caption=None, alt="A")
    expected = [token for word in pieces(manual[:500]) for token in encode(word, merges)]
    assert figure._encode(manual[:500]) == expected
    assert len(figure.still()) < 100_000


def test_a_thousand_merges_and_words_are_small():
    merges = [(f"left{i}", f"right{i}") for i in range(1000)]
    figure = Tokens(merges, [f"word{i}" for i in range(5000)], "x", alt="A")
    assert len(json.dumps(figure.figure_state())) < 150_000


def test_a_merge_that_is_no_pair_is_named():
    with pytest.raises(ValueError, match="merge 1 is 'the'"):
        Tokens([("t", "h"), "the"], [], "x", alt="A")
