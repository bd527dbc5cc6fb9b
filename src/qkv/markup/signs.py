"""What each TeX command of a formula says; `qkv.markup.formula` reads the formulas."""


def _by_name(signs: dict[str, str]) -> dict[str, str]:
    return {name: sign for sign, names in signs.items() for name in names.split()}


GREEK = _by_name(
    {
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon varepsilon",
        "ζ": "zeta", "η": "eta", "θ": "theta", "ϑ": "vartheta", "ι": "iota", "κ": "kappa",
        "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "ϱ": "varrho",
        "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "phi varphi", "χ": "chi",
        "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
        "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    }
)  # fmt: skip
# With a blank on either side.
RELATIONS = _by_name(
    {
        "×": "times", "·": "cdot", "÷": "div", "±": "pm", "∓": "mp", "*": "ast", "•": "bullet",
        "≈": "approx", "≠": "ne neq", "≤": "le leq leqslant", "≥": "ge geq geqslant", "≪": "ll",
        "≫": "gg", "~": "sim", "≃": "simeq", "≅": "cong", "≡": "equiv", "≍": "asymp",
        "∝": "propto", ":=": "coloneqq", "→": "to rightarrow longrightarrow", "↦": "mapsto",
        "←": "leftarrow gets longleftarrow", "↔": "leftrightarrow", "⇒": "Rightarrow implies",
        "⇐": "Leftarrow", "⇔": "Leftrightarrow iff", "∈": "in", "∉": "notin", "∋": "ni",
        "|": "mid", "∩": "cap", "∪": "cup", "∖": "setminus", "⊂": "subset", "⊆": "subseteq",
        "⊃": "supset", "⊇": "supseteq", "⊙": "odot", "⊗": "otimes", "⊕": "oplus", "⊖": "ominus",
        "∘": "circ", "⋆": "star", "⊥": "perp", "∥": "parallel", "∧": "land wedge", "∨": "lor vee",
        "⋮": "vdots", "⋱": "ddots", "mod": "bmod mod",
    }
)  # fmt: skip
PLAIN = _by_name(
    {
        "∞": "infty", "…": "dots ldots cdots dotsc dotsb", "ℓ": "ell", "⊤": "top intercal",
        "∅": "emptyset varnothing", "ħ": "hbar", "Re": "Re", "Im": "Im", "′": "prime",
        "†": "dagger", ": ": "colon", "\\": "backslash", "°": "degree", "✓": "checkmark",
        "∠": "angle", "□": "square",
    }
)  # fmt: skip
# Without the blank that stands between them and what follows in TeX.
PREFIXES = _by_name({"∂": "partial", "∇": "nabla", "∀": "forall", "∃": "exists", "¬": "neg lnot"})
OPENING = _by_name(
    {"|": "lvert", "‖": "lVert", "⟨": "langle", "⌈": "lceil", "⌊": "lfloor", "[": "lbrack"}
)
CLOSING = _by_name(
    {"|": "rvert", "‖": "rVert", "⟩": "rangle", "⌉": "rceil", "⌋": "rfloor", "]": "rbrack"}
)
DELIMITERS = OPENING | CLOSING | _by_name({"|": "vert", "‖": "Vert |", "{": "{ lbrace"})
DELIMITERS |= _by_name({"}": "} rbrace"})
FUNCTIONS = _by_name(
    {
        name: name
        for name in (
            "log", "ln", "lg", "exp", "sin", "cos", "tan", "cot", "sinh", "cosh", "tanh", "coth",
            "arcsin", "arccos", "arctan", "det", "dim", "ker", "rank", "deg", "gcd", "arg", "Pr",
        )
    }
)  # fmt: skip
# Their scripts are limits.
BIG = _by_name(
    {
        "∑": "sum", "∏": "prod", "∐": "coprod", "∫": "int", "∬": "iint", "∮": "oint",
        "⋃": "bigcup", "⋂": "bigcap", "⨁": "bigoplus", "⨂": "bigotimes", "max": "max",
        "min": "min", "sup": "sup", "inf": "inf", "lim": "lim", "arg max": "argmax",
        "arg min": "argmin",
    }
)  # fmt: skip
ACCENTS = _by_name(
    {
        "hat": "hat widehat", "tilde": "tilde widetilde", "bar": "bar overline", "vector": "vec",
        "dot": "dot", "double-dot": "ddot", "check": "check", "ring": "mathring",
        "underlined": "underline", "right-arrow": "overrightarrow",
        "left-arrow": "overleftarrow",
    }
)  # fmt: skip
# Kinds of commands that say nothing themselves.
_KINDS = _by_name(
    {
        "face": "mathbf mathrm mathit mathsf mathtt mathcal mathscr mathfrak mathbb boldsymbol bm "
        "mathnormal mathbin mathrel mathop mathord mathopen mathclose mathpunct boxed cancel smash "
        "ensuremath",
        "text": "text textbf textit textrm textsf texttt textnormal mbox hbox emph",
        "nothing": "displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits hline big "
        "Big bigg Bigg nonumber notag bf rm it sf cal ! - ( ) [",
        "blank": "quad enspace thinspace medspace thickspace space newline , ; : > /",
        "dropped": "label hspace vspace phantom hphantom vphantom color mathstrut cline",
    }
)
FACES, TEXTS, NOTHING, BLANKS, DROPPED = (
    {name for name, its in _KINDS.items() if its == kind}
    for kind in ("face", "text", "nothing", "blank", "dropped")
)
BLANKS |= {" ", "\n", "\\"}
BOARD = str.maketrans("RNZQC", "ℝℕℤℚℂ")
NEGATED = {"=": "≠", "∈": "∉", "≡": "≢", "⊂": "⊄", "⊆": "⊈", "~": "≁", "∃": "∄", "|": "∤"}
RAISED = str.maketrans("0123456789+-nT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ")
LOWERED = str.maketrans("0123456789+-ijnt", "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₙₜ")
BRACKETS = {
    "b": ("[", "]"), "p": ("(", ")"), "B": ("{", "}"), "v": ("|", "|"), "V": ("‖", "‖"),
}  # fmt: skip
