"""Read a MyST text as a reader would: without its code; its headings, formulas and symbols."""

import re

FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})(.*)$")
# A role, as {math}`x`, looks like code but is text; code does not reach past its paragraph.
INLINE_CODE = re.compile(r"(\{[\w:+-]+\})?(?<!`)(`+)(?!`)((?!\n\n).)+?(?<!`)\2(?!`)", re.S)
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")

MATH_ROLE = re.compile(r"\{math\}`([^`]+)`")
MATH_BLOCK = re.compile(
    r"^\s*(?:`{3,}|:{3,})\{math\}[^\n]*\n(.*?)^\s*(?:`{3,}|:{3,})\s*$", re.M | re.S
)
DOLLARS = re.compile(
    r"(?<!\\)\$\$(.+?)(?<!\\)\$\$|(?<![\\$])\$(?!\s)([^$]+?)(?<![\\\s])\$(?!\d)"
    r"|(\\begin\{((?:align|equation|gather|multline|split)\*?)\}.*?\\end\{\4\})",
    re.S,
)

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


def without_code(text):
    """Return the text without code: blocks are emptied, inline code is cut out, lines stay."""
    lines, open_fences = [], []  # of each open block: its fence, and whether it holds code
    for line in text.split("\n"):
        match = FENCE.match(line)
        in_code = bool(open_fences) and open_fences[-1][1]
        if match and open_fences and not match[2].strip() and match[1] >= open_fences[-1][0]:
            open_fences.pop()
            line = ""
        elif match and not in_code:
            is_directive = match[1][0] == ":" or re.match(r"\{(?!code)", match[2].strip())
            open_fences.append((match[1], not is_directive))
            line = ""
        lines.append("" if in_code else line)
    return INLINE_CODE.sub(lambda match: match[0] if match[1] else " ", "\n".join(lines))


def headings(text):
    """Return the (level, text) of every heading."""
    found = (HEADING.match(line) for line in without_code(text).split("\n"))
    return [(len(match[1]), match[2]) for match in found if match]


def formulas(text):
    """Return the TeX of every formula."""
    found = [re.sub(r"(?m)^:\w+:.*$", "", match[1]) for match in MATH_BLOCK.finditer(text)]
    found += [match[1] for match in MATH_ROLE.finditer(text)]
    text = without_code(MATH_ROLE.sub(" ", MATH_BLOCK.sub(" ", text)))
    return found + [match[1] or match[2] or match[3] for match in DOLLARS.finditer(text)]


def symbols(tex):
    r"""Return the symbols of a formula: letters with face and accent, as `{"d", r"\mathbf{q}"}`.

    Subscripts and superscripts are left out, and so are words, function names and operators.
    """
    tokens = TOKEN.findall(tex)
    found = set()
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
