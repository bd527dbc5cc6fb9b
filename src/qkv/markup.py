r"""The little Markdown of question banks, cut into pieces that a page can show without parsing.

Known: paragraphs, fenced code blocks, `code`, *emphasis*, **strong**, $math$ and $$math$$ on a
paragraph of its own; a backslash makes the next character ordinary (`\$`, `\*`). Everything else,
HTML included, is text.
"""

import re

FENCE = re.compile(r"^```[\w-]*\n(.*?)\n```$", re.DOTALL)
INLINE = re.compile(
    r"\\(?P<plain>[\\$*`])"
    r"|`(?P<code>[^`]+)`"
    r"|\$(?P<math>[^$]+)\$"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|\*(?P<em>[^*]+)\*"
)
SYMBOLS = {
    "times": "×", "cdot": "·", "approx": "≈", "neq": "≠", "ne": "≠", "leq": "≤", "le": "≤",
    "geq": "≥", "ge": "≥", "pm": "±", "to": "→", "in": "∈", "sum": "∑", "infty": "∞", "dots": "…",
    "ldots": "…", "cdots": "…", "top": "T", "lVert": "‖", "rVert": "‖", "Vert": "‖", "mid": "|",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "theta": "θ", "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "omega": "ω",
    "quad": " ", "qquad": "  ",
}  # fmt: skip
RAISED = str.maketrans("0123456789+-nT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ")
LOWERED = str.maketrans("0123456789+-ijnt", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₙₜ")


def pieces(text: str) -> list:
    """Return the blocks of `text`: ["p", spans], ["pre", code] or ["math", tex, readable].

    A span is ["text" | "code" | "strong" | "em", words] or ["math", tex, readable], where readable
    says the formula without LaTeX. Lists of strings only, so that the result is JSON as it stands.
    """
    blocks = []
    for block in _blocks(text):
        if fence := FENCE.match(block):
            blocks.append(["pre", fence[1]])
        elif block.startswith("$$") and block.endswith("$$") and len(block) > 4:
            tex = block[2:-2].strip()
            blocks.append(["math", tex, readable(tex)])
        else:
            blocks.append(["p", _spans(block)])
    return blocks


def plain(text: str) -> str:
    """Return `text` as words alone, for alternative texts and for places that show no Markdown."""
    blocks = []
    for block in pieces(text):
        spans = block[1] if block[0] == "p" else [block]
        blocks.append("".join(span[-1] for span in spans))
    return "\n\n".join(blocks)


def readable(tex: str) -> str:
    """Return a formula as a reader would type it: `\\sqrt{2} \\times d_k^2` becomes `√2 × d_k²`."""
    tex = re.sub(r"\\(?:text|mathrm|mathbf|mathit|mathsf|operatorname)\s*\{([^{}]*)\}", r"\1", tex)
    tex = re.sub(r"\\mathbb\{?R\}?", "ℝ", tex)
    tex = re.sub(r"\\(?:left|right|big|Big|bigl|bigr)(?![a-zA-Z])", "", tex)
    tex = re.sub(r"\^(\\top|\w)", lambda m: _script(m[1], "^", RAISED), tex)
    tex = re.sub(r"_(\w)", lambda m: _script(m[1], "_", LOWERED), tex)
    tex = re.sub(r"\^\{?\\circ\}?", "°", tex)
    # Innermost braces first, so that a root inside a fraction has lost its own by then.
    for _ in range(4):
        tex = re.sub(r"\\sqrt\s*\{([^{}]*)\}", lambda m: "√" + _grouped(m[1]), tex)
        tex = re.sub(
            r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}",
            lambda m: f"{_grouped(m[1])}/{_grouped(m[2])}",
            tex,
        )
        tex = re.sub(r"\^\{([^{}]*)\}", lambda m: _script(m[1], "^", RAISED), tex)
        tex = re.sub(r"_\{([^{}]*)\}", lambda m: _script(m[1], "_", LOWERED), tex)
    tex = re.sub(r"\\([a-zA-Z]+)", lambda m: SYMBOLS.get(m[1], m[1]), tex)
    tex = re.sub(r"\\[,;:! ]", " ", tex).replace("{,}", ",")
    return re.sub(r"\s+", " ", re.sub(r"\\(.)|[{}]", r"\1", tex)).strip()


def unpaired(text: str) -> str | None:
    """Return the first of `$` and `` ` `` that opens and never closes in `text`, or None."""
    for kind, spans in (block[:2] for block in pieces(text)):
        for span in spans if kind == "p" else []:
            # What is left over as text after every pair was taken is a mark without its partner;
            # an escaped one is a span of its own.
            if span[0] == "text" and span[1] not in "$`":
                for mark in "$`":
                    if mark in span[1]:
                        return mark
    return None


def _blocks(text: str) -> list[str]:
    blocks, fenced = [[]], False
    for line in text.strip().split("\n"):
        if line.startswith("```"):
            if not fenced:
                blocks.append([])
            blocks[-1].append(line)
            if fenced:
                blocks.append([])
            fenced = not fenced
        elif fenced or line.strip():
            blocks[-1].append(line)
        else:
            blocks.append([])
    return ["\n".join(block) for block in blocks if block]


def _spans(block: str) -> list:
    block = re.sub(r"\s*\n\s*", " ", block)
    spans, end = [], 0
    for match in INLINE.finditer(block):
        if match.start() > end:
            spans.append(["text", block[end : match.start()]])
        kind, words = match.lastgroup, match[match.lastgroup]
        if kind == "plain":
            spans.append(["text", words])
        elif kind == "math":
            spans.append(["math", words, readable(words)])
        else:
            spans.append([kind, words])
        end = match.end()
    if end < len(block):
        spans.append(["text", block[end:]])
    return spans


def _grouped(words: str) -> str:
    return words if re.fullmatch(r"[\w.√\\^]+", words.strip()) else f"({words.strip()})"


def _script(words: str, mark: str, table: dict) -> str:
    words = "T" if words == "\\top" else words.strip()
    moved = words.translate(table)
    if all(ord(letter) in table for letter in words):
        return moved
    return f"{mark}{words}" if re.fullmatch(r"[\w\\]+", words) else f"{mark}({words})"
