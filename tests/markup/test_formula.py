"""Formulas in words: every formula of the book can be said, and none is said as TeX."""

import json
import re

import pytest

from qkv.figure import FIGURE_MIME
from qkv.markup import pieces
from qkv.markup.formula import readable, unknown_commands
from qkv.markup.signs import BIG, FUNCTIONS
from qkv.paths import root
from qkv.publish.prose import formulas
from qkv.quiz import load_bank


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        (r"\hat{y}", "y-hat"),
        (r"\hat y_t + \hat{\mathbf{y}}_{t}^2", "y-hat_t + y-hat_t^2"),
        (r"T_{\hat{y}}", "T_(y-hat)"),
        (r"\bar{x}\tilde{\mathbf{h}}", "x-bar h-tilde"),
        (r"\overrightarrow{\mathbf{h}}_j", "h-right-arrow_j"),
        (r"\overline{a + b}", "(a + b)-bar"),
        (
            r"\begin{bmatrix} 1 & 2 \\ 3 & x_1 \end{bmatrix}",
            "[row 1: 1, 2; row 2: 3, x₁]",
        ),
        (
            r"\left[\begin{array}{cc} a & b \\ c & d \end{array}\right]",
            "[row 1: a, b; row 2: c, d]",
        ),
        (r"\begin{pmatrix} a & b \end{pmatrix}", "(a, b)"),
        (r"\begin{bmatrix} a \\[2pt] b \end{bmatrix}", "[row 1: a; row 2: b]"),
        (
            r"M = \begin{cases} 0 & \text{if } j \le i, \\ -\infty & j > i \end{cases} \qquad b",
            "M = either 0 if j ≤ i or -∞ if j > i; b",
        ),
        (
            "\\begin{aligned}\na &= b, \\\\\nc &= d \\\\\n&\\quad + e\n\\end{aligned}",
            "a = b; c = d + e",
        ),
        (r"\frac{1}{2} \cdot \tfrac{a+b}{\sqrt{d_k}}", "1/2 · (a+b)/√d_k"),
        (r"\frac{\exp(e_j)}{\sum_{k=1}^{n} \exp(e_k)}", "exp(eⱼ)/(∑ from k=1 to n of exp(e_k))"),
        (r"\frac{\partial \mathcal{L}}{\partial \mathbf{h}_t}", "∂L/∂hₜ"),
        (r"\frac{\epsilon}{\lvert\mathcal{V}\rvert}", "ε/|V|"),
        (r"\frac12", "1/2"),
        (r"\sqrt{x + 1} + \sqrt[3]{x} + \sqrt[k]{2}", "√(x + 1) + ³√x + k-th root of 2"),
        (r"\sum_i x_i + \sum\limits_{i \in S} x_i", "∑ over i of xᵢ + ∑ over i ∈ S of xᵢ"),
        (r"\prod_{t=1}^{T_y} P(y_t \mid y_{<t})", "∏ from t=1 to T_y of P(yₜ | y_(<t))"),
        (r"\max_{w} P(w), \max(0, x), x_{\max}", "max over w of P(w), max(0, x), x_max"),
        (r"\operatorname*{arg\,max}_x f", "arg max over x of f"),
        (r"\arg\min_x f", "arg min over x of f"),
        (r"\lim_{n \to \infty} a_n", "lim for n → ∞ of aₙ"),
        (r"\int_0^1 x^2 \, dx", "∫ from 0 to 1 of x² dx"),
        (r"\operatorname{softmax}(\mathbf{Q}\mathbf{K}^{\top})_i", "softmax(QKᵀ)ᵢ"),
        (r"\mathbf{W}_q\mathbf{q} + \mathbf{W}^Q_i", "W_q q + Wᵢ^Q"),
        (r"w_{x_t} + T_x^2", "w_(xₜ) + T_x²"),
        (r"a\cos\varphi - \sin 1 + \log_2 x", "a cos φ - sin 1 + log₂ x"),
        (r"\mathrm{KL}(p \,\|\, q)", "KL(p ‖ q)"),
        (r"\lVert \mathbf{x} - \mathbf{x}' \rVert", "‖x - x'‖"),
        (r"\left\{ x \mid x \not= 0 \right\}", "{x | x ≠ 0}"),
        (r"\left.f\right|_{x=0}", "f|_(x=0)"),
        (r"f\colon X \to Y", "f: X → Y"),
        (r"\underbrace{a + b}_{\text{gate}} + c", "a + b (gate) + c"),
        (r"\text{if $x_1 > 0$ and a\_b}\ 50\,\%", "if x₁ > 0 and a_b 50 %"),
        (r"\mathbb{E}_{x \sim p}[f] \in \mathbb{R}", "E_(x ~ p)[f] ∈ ℝ"),
        (r"\binom{n}{k} \bmod 2", "(n choose k) mod 2"),
        (r"20^\circ + x^{\prime} + x^{-1}", "20° + x′ + x⁻¹"),
        (r"\color{red}\label{eq} x % note", "x"),
        (r"{a}_b {", "a_b"),
        (r"}", ""),
        ("", ""),
    ],
)
def test_a_formula_is_said_in_one_line(tex, said):
    assert readable(tex) == said


def test_an_unknown_command_is_said_by_its_name_and_reported():
    assert readable(r"a\foo{x}") == "a foo x"
    assert unknown_commands(r"a\foo{x} + \frac{\bar y}{\text{\foo}}") == {r"\foo"}


def in_notebook(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield from formulas("".join(cell["source"]))
        for output in cell.get("outputs", []):
            caption = output.get("data", {}).get(FIGURE_MIME, {}).get("caption")
            yield from formulas(caption or "")


def in_bank(path):
    for question in load_bank(path).values():
        texts = [question.text]
        texts += [text for answer in question.answers for text in (answer.text, answer.why)]
        for block in (block for text in texts for block in pieces(text)):
            spans = block[1] if block[0] == "p" else [block]
            yield from (span[1] for span in spans if span[0] == "math")


PLACES = [
    *[(path, in_notebook) for path in sorted(root().glob("chapters/*.ipynb"))],
    *[(path, in_notebook) for path in sorted(root().glob("solutions/*/*.ipynb"))],
    *[(path, in_bank) for path in sorted(root().glob("chapters/quiz/*.txt"))],
    *[
        (path, lambda path: formulas(path.read_text("utf-8")))
        for path in sorted(root().glob("book/*.md"))
    ],
]


@pytest.mark.parametrize(
    ("path", "found_in"), PLACES, ids=[f"{path.parent.name}/{path.name}" for path, _ in PLACES]
)
def test_every_formula_of_the_book_can_be_said(path, found_in):
    for tex in found_in(path):
        said = readable(tex)
        assert said, tex
        assert not re.search(r"[\\{}&\ue000-\ue0ff]|\s\s", said), f"{tex} is said as {said}"
        assert unknown_commands(tex) == set()
        # No command's name is left, but for what is a word in mathematics or typed in the text.
        typed = set(re.findall("[A-Za-z]+", re.sub(r"\\[A-Za-z]+", " ", tex)))
        commands = set(re.findall(r"\\([A-Za-z]+)", tex)) - typed - set(FUNCTIONS) - set(BIG)
        accents = {"hat", "tilde", "bar"}
        assert not (commands - accents) & set(re.findall("[A-Za-z]+", said)), said


def test_the_book_has_formulas():
    assert sum(1 for path, found_in in PLACES for _ in found_in(path)) > 700
