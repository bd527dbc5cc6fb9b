r"""Formulas as one line of text: `\frac{\hat{y}}{\sqrt{d_k}}` becomes `y-hat/√d_k`.

The line stands where no formula is typeset: in alternative texts, in print of plain text, and on
the page until MathJax has come. Screen readers say it, so an accent is a word, a sum names its
limits and a matrix its rows.
"""

import re

from qkv.markup import signs
from qkv.markup.signs import LOWERED, RAISED

TOKEN = re.compile(r"\\operatorname\*|\\[A-Za-z]+|\\.|\s+|.", re.S)
# A blank that is set only between two words, and a mark that takes the blanks around it away.
SOFT, GLUE = "\ue000", "\ue001"
PART = "\ue002"  # two formulas of a line are set apart here
SHAPES = [
    (signs.GREEK | signs.PLAIN, "{}"),
    (signs.RELATIONS, " {} "),
    (signs.FUNCTIONS, SOFT + "{}" + SOFT),
    (signs.OPENING, "{}" + GLUE),
    (signs.CLOSING, GLUE + "{}"),
    (signs.DELIMITERS, "{}"),
]
WORDLIKE = re.compile(r"∂?[\w.√^′⁺⁻₊₋]+(?:\([^()]*\))?|\|[^|]*\||‖[^‖]*‖|\([^()]*\)")


def readable(tex: str) -> str:
    r"""Return a formula as a line without TeX: `\sqrt{2} \times d_k^2` becomes `√2 × d_k²`."""
    return _tidy(_Formula(tex).until())


def unknown_commands(tex: str) -> set[str]:
    """Return the commands of a formula that `readable` can only say by their names."""
    formula = _Formula(tex)
    formula.until()
    return formula.unknown


class _Formula:
    """Reads TeX token by token; what it returns may hold SOFT and GLUE until it is tidied."""

    def __init__(self, tex: str):
        self.tokens = TOKEN.findall(re.sub(r"(?<!\\)%.*", "", tex))
        self.at = 0
        self.unknown: set[str] = set()

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def skip_blanks(self) -> str:
        while self.peek().isspace():
            self.at += 1
        return self.peek()

    def until(self, *ends: str) -> str:
        """Read up to one of the tokens `ends`, which stays, or to the end."""
        said = ""
        while self.peek() and self.peek() not in ends:
            said += self.item()
        return said

    def argument(self) -> str:
        """Read what a command works on: a group in braces or one token."""
        self.skip_blanks()
        return _tidy(self.atom()[0]) if self.peek() else ""

    def raw(self) -> str:
        """Return the source of the group in braces that follows, or of one token."""
        if self.skip_blanks() != "{":
            return self.next()
        depth, start = 0, self.at + 1
        while self.peek():
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
            if not depth:
                break
        return "".join(self.tokens[start : self.at - 1])

    def option(self) -> str:
        """Return what stands in brackets behind a command, or ""."""
        if self.peek() != "[":
            return ""
        self.at += 1
        said = _tidy(self.until("]"))
        self.at += 1
        return said

    def item(self) -> str:
        """Read one thing with the scripts on it."""
        said, kind = self.atom()
        low, high = "", ""
        while True:
            here = self.at
            if self.skip_blanks() in ("\\limits", "\\nolimits"):
                self.at += 1
                continue
            if self.peek() not in ("_", "^"):
                self.at = here
                break
            mark = self.next()
            words = self.argument()
            low, high = (low + words, high) if mark == "_" else (low, high + words)
        if not low and not high:
            return said
        if kind == "big":
            return _limits(said, low, high)
        if kind == "label":
            return f"{said} ({low or high}) "
        tail = SOFT if said.endswith(SOFT) else ""
        named = kind == "accent"
        said = said.rstrip() or said
        lowered, raised = _low(low, named), _high(high, named)
        if raised:  # a blank is for what follows both
            lowered = lowered.removesuffix(SOFT)
        return said.removesuffix(SOFT) + lowered + raised + tail

    def atom(self) -> tuple[str, str]:
        """Read one thing: what it says and its kind: "", "big", "accent" or "label"."""
        token = self.next()
        if token == "{":
            said = self.until("}")
            self.at += 1
            return said, ""
        if token in ("~", "&") or token.isspace():
            return " ", ""
        if token == "}" or not token:
            return "", ""
        return self.command(token[1:]) if token[0] == "\\" and token[1:] else (token, "")

    def command(self, name: str) -> tuple[str, str]:
        for table, shape in SHAPES:
            if name in table:
                return shape.format(table[name]), ""
        if name in signs.PREFIXES:
            self.skip_blanks()
            return signs.PREFIXES[name], ""
        if name in signs.BIG:
            return f"{SOFT}{signs.BIG[name]}{SOFT}", "big"
        if name in signs.ACCENTS:
            return f"{_grouped(self.argument())}-{signs.ACCENTS[name]}{SOFT}", "accent"
        if name in signs.BLANKS:
            return " ", ""
        if name in signs.NOTHING:
            return "", ""
        if name in signs.DROPPED:
            self.raw()
            return "", ""
        return self.structure(name)

    def structure(self, name: str) -> tuple[str, str]:
        """Read a command that takes arguments."""
        if name == "qquad":
            return PART, ""
        if name in signs.FACES:
            said = self.argument()
            said = said.translate(signs.BOARD) if name == "mathbb" else said
            return (f"{SOFT}{said}{SOFT}" if re.fullmatch(r"[^\W\d_]{2,}", said) else said), ""
        if name in signs.TEXTS:
            return _words(self.raw()), ""
        if name.startswith("operatorname"):
            said = re.sub(r"\\[,;:! ]|~", " ", self.raw())
            return f"{SOFT}{said}{SOFT}", "big" if name.endswith("*") else ""
        if re.fullmatch(r"left|right|middle|[bB]igg?[lrm]", name):
            return self.delimiter(name), ""
        if name == "begin":
            return self.environment(), ""
        if name in ("underbrace", "overbrace"):
            return f"{SOFT}{self.argument()}", "label"
        read = getattr(self, f"read_{name}", None)
        if read:
            return read(), ""
        if re.fullmatch("[A-Za-z]+", name):
            self.unknown.add(f"\\{name}")
            return f"{SOFT}{name}{SOFT}", ""
        return name, ""

    def delimiter(self, name: str) -> str:
        self.skip_blanks()
        token = self.next()
        sign = (
            signs.DELIMITERS.get(token[1:], token) if token[0:1] == "\\" else token.replace(".", "")
        )
        if name == "middle" or name.endswith("m"):
            return f" {sign} "
        return sign + GLUE if name == "left" or name.endswith("l") else GLUE + sign

    def read_sqrt(self) -> str:
        degree = self.option()
        root = _grouped(self.argument())
        if not degree or all(ord(letter) in RAISED for letter in degree):
            return f"{degree.translate(RAISED)}√{root}{SOFT}"
        return f"{SOFT}{degree}-th root of {root}{SOFT}"

    def read_frac(self) -> str:
        above, below = self.argument(), self.argument()
        return f"{SOFT}{_grouped(above)}/{_grouped(below)}{SOFT}"

    read_dfrac = read_tfrac = read_cfrac = read_nicefrac = read_frac

    def read_binom(self) -> str:
        return f"({self.argument()} choose {self.argument()})"

    read_tbinom = read_dbinom = read_binom

    def read_overset(self) -> str:
        above, base = self.argument(), self.argument()
        return f" {base} ({above}) "

    read_underset = read_stackrel = read_overset

    def read_xrightarrow(self) -> str:
        self.option()
        said = self.argument()
        return f" → ({said}) " if said else " → "

    def read_not(self) -> str:
        said = self.argument()
        return f" {signs.NEGATED.get(said, f'not {said}')} "

    def read_pmod(self) -> str:
        return f" (mod {self.argument()})"

    def read_tag(self) -> str:
        return f" ({self.raw()})"

    def read_textcolor(self) -> str:
        self.raw()
        return self.argument()

    def read_substack(self) -> str:
        return ", ".join(readable(row) for row in self.raw().split(r"\\"))

    def read_end(self) -> str:
        self.raw()
        return ""

    def environment(self) -> str:
        name = self.raw().rstrip("*")
        if name in ("array", "alignedat", "alignat"):
            self.option()
            self.raw()
        rows = self.rows()
        if name in ("cases", "dcases", "rcases"):
            return " either " + " or ".join(_case(cells) for cells in rows) + SOFT
        if name == "array" or name.endswith("matrix"):
            left, right = signs.BRACKETS.get(name.removesuffix("matrix"), ("", ""))
            said = [", ".join(cells) for cells in rows]
            if len(said) > 1:
                said = [f"row {number}: {cells}" for number, cells in enumerate(said, 1)]
            return f"{SOFT}{left}{'; '.join(said)}{right}{SOFT}"
        return _lines([_tidy(" ".join(cells)) for cells in rows])

    def rows(self) -> list[list[str]]:
        """Read the cells of an environment, row by row, and its end."""
        rows: list[list[str]] = [[]]
        while self.peek():
            rows[-1].append(_tidy(self.until("&", "\\\\", "\\end")))
            token = self.next()
            if token == "\\\\":
                self.option()
                rows.append([])
            elif token != "&":
                break
        self.raw()
        return [cells for cells in rows if any(cells)]


def _tidy(said: str) -> str:
    said = re.sub(r"\s+", " ", said)
    said = re.sub(rf" *{GLUE} *", "", said)
    said = re.sub(rf"(^|[,;:.])? *{PART} *", lambda at: f"{at[1]} " if at[1] else "; ", said)
    said = re.sub(rf"(?<=[\w)\]‖|⟩°′'])({SOFT})+(?=[\w√∑∏∫‖|⟨∂∇])", " ", said).replace(SOFT, "")
    said = re.sub(r"(?<=[(\[⟨]) | (?=[)\]⟩,;]|\.(?!\d))", "", re.sub(" +", " ", said))
    return said.strip()


def _grouped(words: str) -> str:
    return words if WORDLIKE.fullmatch(words) else f"({words})"


def _low(words: str, named: bool) -> str:
    return _script(words, "_", LOWERED, named)


def _high(words: str, named: bool) -> str:
    if words in ("∘", "°"):
        return "°"
    return _script(words.replace("⊤", "T"), "^", RAISED, named)


def _script(words: str, mark: str, table: dict[int, int], named: bool) -> str:
    """Return a script: raised or lowered letters where they exist, and not behind a word."""
    if not words:
        return ""
    if not named and all(ord(letter) in table for letter in words):
        return words.translate(table)
    plain = re.fullmatch(r"[^\W_]+|[*†′]+", words) and words == words.translate(_FLAT)
    if re.fullmatch("[′'†]+", words):
        return words
    return f"{mark}{words}{SOFT}" if plain else f"{mark}({words})"


# Scripts inside scripts are told apart by brackets.
_FLAT = {letter: None for table in (RAISED, LOWERED) for letter in table.values()}


def _limits(said: str, low: str, high: str) -> str:
    """Return a sum, a maximum or the like with its limits in words."""
    name = said.strip(SOFT)
    if name.startswith("lim") and not high:
        return f"{SOFT}{name} for {low} of "
    if low and high:
        return f"{SOFT}{name} from {low} to {high} of "
    return f"{SOFT}{name} {f'over {low}' if low else f'to {high}'} of "


def _words(raw: str) -> str:
    r"""Return what stands in `\text{…}`; it may hold formulas between dollars."""
    parts = re.split(r"(?<!\\)\$", raw)
    said = [
        readable(part) if i % 2 else re.sub(r"\\(.)", r"\1", part) for i, part in enumerate(parts)
    ]
    return SOFT + "".join(said).replace("{", "").replace("}", "") + SOFT


def _case(cells: list[str]) -> str:
    value, *when = [cell.rstrip(" ,;.") for cell in cells]
    condition = " ".join(when)
    if condition and not re.match("(if|for|when|otherwise|else|and|unless|where)\\b", condition):
        condition = f"if {condition}"
    return f"{value} {condition}".strip()


def _lines(lines: list[str]) -> str:
    """Join the lines of a display; one that starts with an operator goes on with the last."""
    said = lines[0] if lines else ""
    for line in lines[1:]:
        if re.match(r"[-+=·×≤≥<>≈≠⊙←→|]", line):
            said += f" {line}"
        else:
            said = f"{said.rstrip(' ,;.')}; {line}"
    return said
