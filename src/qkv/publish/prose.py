"""Read a MyST text by MyST's own parser: its headings, formulas, roles, pictures and symbols."""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

# Those of _config.yml, but for curly quotes: a heading is quoted in messages as it was typed.
EXTENSIONS = {
    "amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "substitution", "tasklist",
}  # fmt: skip
PARSER = create_md_parser(
    MdParserConfig(enable_extensions=EXTENSIONS), lambda parser: RendererHTML(parser)
)
FORMULAS = {"math_inline", "math_inline_double", "math_block", "math_block_label", "amsmath"}
# The body of these is code, or a formula, and no text.
LITERAL = re.compile(
    "code.*|sourcecode|math|mermaid|raw|bibliography|toctree|literalinclude|eval.*"
)
# What these have behind their name is a file or a module, and no title.
FILES = re.compile("figure|image|qkv-.*|include|container|glue:.*")
OPTION = re.compile(r":([\w-]+):(?:\s+(.*))?")

GREEK = re.compile(
    "alpha|beta|gamma|delta|(var)?epsilon|zeta|eta|(var)?theta|iota|kappa|lambda|mu|nu|xi|(var)?pi|"
    "(var)?rho|(var)?sigma|tau|upsilon|(var)?phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|"
    "Sigma|Upsilon|Phi|Psi|Omega|ell"
)
FACE = re.compile("mathbf|boldsymbol|bm|mathbb|mathcal|mathfrak|mathsf|mathit")
ACCENT = re.compile("(wide)?(hat|tilde|check)|bar|vec|dot|ddot|overline|underline")
# What follows these is a word, a name, a colour or a length, and no symbol.
WORDS = re.compile(
    "text(bf|it|tt|rm)?|mathrm|mathtt|operatorname|begin|end|label|tag|ref|eqref|color|hspace|"
    "vspace|mbox|phantom"
)
TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}_^]|[A-Za-z]|\S", re.S)


class Directive(NamedTuple):
    """A block as ```` ```{name} argument ````: its `:option:` lines, and the lines below them."""

    name: str
    argument: str
    options: dict[str, str]
    body: str


def directive(token: Token) -> Directive | None:
    """Return the directive that a token opens, or None when it is another block."""
    match = re.fullmatch(r"\{([^}]+)\}\s*(.*)", token.info.strip())
    if token.type not in ("fence", "colon_fence") or not match:
        return None
    lines = token.content.split("\n")
    options = {}
    while lines and (option := OPTION.fullmatch(lines[0].strip())):
        options[option[1]] = option[2] or ""
        del lines[0]
    return Directive(match[1], match[2], options, "\n".join(lines))


@functools.lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text in its order, those inside lines and directives among them."""
    return tuple(_walk(PARSER.parse(text)))


def _walk(parsed: list[Token]) -> Iterator[Token]:
    for token in parsed:
        yield token
        yield from _walk(token.children or [])
        found = directive(token)
        if found and not LITERAL.fullmatch(found.name):
            if found.argument and not FILES.fullmatch(found.name):
                yield from tokens(found.argument)
            yield from tokens(found.body)


def headings(text: str) -> list[tuple[int, str]]:
    """Return the (level, text) of every heading."""
    found = tokens(text)
    return [
        (int(token.tag[1:]), found[place + 1].content)
        for place, token in enumerate(found)
        if token.type == "heading_open"
    ]


def formulas(text: str) -> list[str]:
    """Return the TeX of every formula."""
    found = (formula(token) for token in tokens(text))
    return [tex for tex in found if tex is not None]


def formula(token: Token) -> str | None:
    """Return the TeX that a token holds, or None when it is no formula."""
    if token.type in FORMULAS or role(token) == "math":
        return token.content.strip()
    block = directive(token)
    return block.body.strip() if block and block.name == "math" else None


def role(token: Token) -> str:
    """Return the name of the role that a token is, as `cite:t`, or ""."""
    return token.meta["name"] if token.type == "myst_role" else ""


def symbols(tex: str) -> set[str]:
    r"""Return the symbols of a formula: letters with face and accent, as `{"d", r"\mathbf{q}"}`.

    Subscripts and superscripts are left out, and so are words, function names and operators.
    """
    tokens = TOKEN.findall(tex)
    found: set[str] = set()
    _collect(tokens, 0, len(tokens), (), found)
    return found


def _collect(tokens, at, end, around, found):
    """Add the symbols of `tokens[at:end]` to `found`; `around` names the commands they stand in."""
    while at < end:
        token = tokens[at]
        name = token[1:].rstrip("*") if len(token) > 1 else ""
        if token in ("_", "^") or WORDS.fullmatch(name):
            at = _argument(tokens, at + 1)
            if name == "begin" and tokens[at - 6 : at - 1] == list("array"):
                at = _argument(tokens, at)
        elif FACE.fullmatch(name) or ACCENT.fullmatch(name):
            after = _argument(tokens, at + 1)
            _collect(
                tokens, at + 1, after, (*around, re.sub("boldsymbol|bm", "mathbf", name)), found
            )
            at = after
        else:
            if GREEK.fullmatch(name) or token.isalpha():
                # An accent outside or inside the typeface looks the same.
                order = sorted(around, key=lambda command: not ACCENT.fullmatch(command))
                found.add("".join(f"\\{command}{{" for command in order) + token + "}" * len(order))
            at += 1


def _argument(tokens, at):
    """Return where the argument that begins at `at` ends: one token, or a group in braces."""
    if at >= len(tokens):
        return at
    name = tokens[at][1:]
    if FACE.fullmatch(name) or ACCENT.fullmatch(name) or WORDS.fullmatch(name):
        return _argument(tokens, at + 1)
    depth = 0
    while at < len(tokens):
        depth += {"{": 1, "}": -1}.get(tokens[at], 0)
        at += 1
        if depth <= 0:
            break
    return at
