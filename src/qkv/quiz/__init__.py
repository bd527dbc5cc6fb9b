r"""Quick checks: a plain-text bank per chapter, questions on the page, progress in the browser.

A bank is `chapters/quiz/NN_name.txt`. Write it in any text editor, as UTF-8. A complete one:

    # Encodings and embeddings
    % A line that starts with % is a note to yourself. Nobody else sees it.

    ## one-hot-distance
    Two different words are written as *one-hot* vectors.
    How far apart are they?

    ( ) $1$
    > That would be so if they differed in one place; they differ in two.
    (x) $\sqrt{2}$
    > Yes: two places differ by one each, and $\sqrt{1^2 + 1^2} = \sqrt{2}$.

    ## dense-or-not
    Which of these vectors are learned?

    [x] the rows of `SkipGram`
    > Yes, by gradient descent.
    [x] the rows of `GloVe`
    > Yes, from the counts of neighbours.
    [ ] one-hot vectors
    > No: their place in the vocabulary says everything.

    ## one-hot-memory
    How many megabytes (one million bytes) hold 1,000 one-hot vectors of 50,000 `float32` numbers?

    = 200 ± 1 MB
    > Yes: 1,000 × 50,000 numbers of 4 bytes.
    ! 50
    > That counts numbers. Each takes 4 bytes.
    ! otherwise
    > Multiply vectors, numbers in each, and 4 bytes; then divide by a million.

    ## embedded-shape
    A batch of sentences goes through the embedding. Which shape comes out?

    = (batch, time, d_embed)
    > Yes: every token id has become a row of `d_embed` numbers.
    ! (batch, time, vocab_size)
    > That is the shape of one-hot vectors.
    ! otherwise
    > The first two axes stay what they were; the embedding adds one at the end.

The marks decide the kind of question:

- `(x)` the right one and `( )` the wrong ones: one answer;
- `[x]` right and `[ ]` wrong: several answers, none missing and none too many;
- `= 200 ± 1 MB` a number, how far off it may be (also `+-`; without it: exact), and a unit;
- `= (batch, time)` a shape; the reader picks each axis from those that the answers name;
- `! …` a wrong number or shape worth its own explanation, and `! otherwise` for all others.

Every answer is followed by its explanation, on lines that start with `>`. A long option goes on in
lines that are indented. In all texts: `code`, *emphasis*, **strong**, $math$, paragraphs, and
blocks of code between lines of three backticks (after `>` in an explanation, indented in an
option); write `\$` for a dollar. The first line, `# Title`, names the chapter; `## some-id` starts
a question and is the name that the chapter asks for: `ask("01_encodings", "one-hot-distance")`.

Readers see the options in an order of their own, so no text may speak of "the first option" or of
"all of the above". Numbers may be written as 1,000 or 1 000.
"""

from qkv.bank import Answer, BankError, Question
from qkv.quiz.asking import Quiz, ask, in_words
from qkv.quiz.banks import check_banks, load_bank, progress_state

__all__ = [
    "Answer",
    "BankError",
    "Question",
    "Quiz",
    "ask",
    "check_banks",
    "in_words",
    "load_bank",
    "progress_state",
]
