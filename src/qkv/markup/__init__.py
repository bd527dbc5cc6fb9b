r"""The little Markdown of question banks, cut into pieces that a page can show without parsing.

Known: paragraphs, fenced code blocks, `code`, *emphasis*, **strong**, $math$ and $$math$$ on a
paragraph of its own; a backslash makes `$`, `*`, a backtick and itself ordinary. Everything else,
HTML included, is text, and code is kept as it was typed, blanks at its ends included.

The parser is markdown-it, which MyST uses too, with only these rules switched on.
"""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, backtick, emphasis, escape
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_inline_dollar

from qkv.markup.formula import readable

Rule = Callable[[StateInline, bool], bool]


def pieces(text: str) -> list:
    """Return the blocks of `text`: ["p", spans], ["pre", code] or ["math", tex, readable].

    A span is ["text" | "code" | "strong" | "em", words] or ["math", tex, readable], where readable
    says the formula without LaTeX. Lists of strings only, so that the result is JSON as it stands.
    """
    blocks: list[list] = []
    for token in _PARSER.parse(text):
        if token.type == "fence":
            blocks.append(["pre", token.content.removesuffix("\n")])
        elif token.type == "math_block":
            tex = token.content.strip()
            blocks.append(["math", tex, readable(tex)])
        elif token.type == "inline":
            blocks.append(["p", _spans(token.children or [])])
    return blocks


def plain(text: str) -> str:
    """Return `text` as words alone, for alternative texts and for places that show no Markdown."""
    blocks = []
    for block in pieces(text):
        spans = block[1] if block[0] == "p" else [block]
        blocks.append("".join(span[-1] for span in spans))
    return "\n\n".join(blocks)


def unpaired(text: str) -> str | None:
    """Return the first of `$` and `` ` `` that opens and never closes in `text`, or None."""
    for block in _PARSER.parse(text):
        for token in block.children or []:
            # What is left over as text is a mark without its partner; an escaped one is a
            # `text_special`.
            if token.type == "text" and (found := re.search("[$`]", token.content)):
                return found[0]
    return None


def _spans(tokens: list[Token]) -> list:
    spans: list = []
    joined = False  # whether the last span is text that what follows may join
    for token, style in _styled(tokens):
        if token.type == "math_inline":
            spans.append(["math", token.content, readable(token.content)])
        elif token.type == "code_inline":
            spans.append(["code", token.content])
        elif token.type == "softbreak" or token.content:
            words = token.content or " "
            if joined and token.type != "text_special" and spans[-1][0] == style:
                spans[-1][1] += words
            else:
                spans.append([style, words])
        else:
            continue
        joined = token.type in ("text", "softbreak")
    return spans


def _styled(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Yield what is no mark of emphasis, each with the innermost emphasis that it stands in."""
    styles = ["text"]
    for token in tokens:
        if token.nesting > 0:
            styles.append(token.tag)
        elif token.nesting < 0:
            styles.pop()
        else:
            yield token, styles[-1]


def _as_typed(rule: Rule) -> Rule:
    """Return the rule for `code` with its content as typed: CommonMark takes blanks at its ends."""

    def code(state: StateInline, silent: bool) -> bool:
        start = state.pos
        found = rule(state, silent)
        if found and not silent and state.tokens and not state.pending:
            token = state.tokens[-1]
            typed = state.src[start : state.pos].removeprefix(token.markup)
            typed = typed.removesuffix(token.markup).replace("\n", " ")
            # The blank in `` `x` `` is there to part the backticks.
            if not typed.strip().startswith("`") and not typed.strip().endswith("`"):
                token.content = typed
        return found

    return code


def _no_money(rule: Rule) -> Rule:
    """Return the rule for $math$ without `$5-$10`: a digit after the end is no end."""

    def math(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if not rule(state, silent):
            return False
        if state.src[state.pos : state.pos + 1].isdigit():
            state.pos = start
            if not silent:
                state.tokens.pop()
            return False
        return True

    return math


def _only(rule: Rule, start: str) -> Rule:
    """Return the rule for places where the text matches `start`."""
    wanted = re.compile(start)
    return lambda state, silent: bool(wanted.match(state.src, state.pos)) and rule(state, silent)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero")
    parser.enable(["fence", "backticks", "emphasis", "escape", "newline"])
    parser.use(dollarmath_plugin, allow_labels=False)
    # An escaped mark stays apart, so that it can be told from one without its partner.
    parser.disable("text_join")
    rules = parser.inline.ruler
    rules.at("backticks", _as_typed(backtick))
    rules.at("math_inline", _no_money(math_inline_dollar(allow_space=False)))
    rules.at("emphasis", _only(emphasis.tokenize, r"\*"))  # __init__ is a name
    rules.at("escape", _only(escape, r"\\[\\$*`]"))  # other backslashes are typed
    return parser


_PARSER = _parser()
