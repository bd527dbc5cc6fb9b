"""How long the book takes, as ratios against references measured in the same run.

    .venv/bin/python benchmarks/run.py            everything
    .venv/bin/python benchmarks/run.py trainings  one of: trainings, attention, translator,
                                                  commands, chapters

Trainings: a step of each model against the same arithmetic written with PyTorch's own modules.
Attention: the transformer and its attention against PyTorch's, time and memory.
Translator: a sentence in the page, in Chromium, against greedy search in PyTorch.
Commands: `qkv build` from nothing, again with nothing changed,
and `qkv run` with nothing stale, against starting Python with torch. Chapters: `qkv run --force`
against the same start. Results go to benchmarks/results.json. What `make test` takes is measured by
benchmarks/proof_time.py.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from attention import attention_costs
from playwright.sync_api import sync_playwright
from steps import seconds_a_step
from torch import nn
from tqdm import tqdm

from qkv.chapters.attention import AttentionTranslator, BahdanauTranslator
from qkv.chapters.encodings import GloVe, SkipGram, glove_loss, negative_sampling_loss
from qkv.chapters.recurrent import CharacterModel, LSTMCell, Recurrent
from qkv.chapters.seq2seq import EOS_ID, greedy, token_loss, vocabularies
from qkv.data.pairs import EOS, Batch
from qkv.data.phrases import MAX_LENGTH, generate
from qkv.figures.translator import Translator
from qkv.live.bundle import bundle

HERE = Path(__file__).parent
QKV = str(Path(sys.executable).with_name("qkv"))
VOCAB, D_EMBED, BATCH, K = 1_200, 64, 2_048, 5


class PlainSkipGram(nn.Module):
    """The same scores from `nn.Embedding` and `torch.bmm`, the loss from binary cross-entropy."""

    def __init__(self):
        super().__init__()
        self.center, self.context = nn.Embedding(VOCAB, D_EMBED), nn.Embedding(VOCAB, D_EMBED)

    def forward(self, center, candidates):
        scores = torch.bmm(self.context(candidates), self.center(center).unsqueeze(2))
        return scores.squeeze(2)


class PlainCharacters(nn.Module):
    """The character model's arithmetic with time in front, PyTorch's own order of axes."""

    def __init__(self):
        super().__init__()
        self.table, self.lstm = nn.Embedding(100, 32), nn.LSTM(32, 192)
        self.readout = nn.Linear(192, 100)

    def forward(self, ids):
        hidden, state = self.lstm(self.table(ids.T))
        return self.readout(hidden).transpose(0, 1), state


class PlainTranslator(nn.Module):
    """The attention translator's arithmetic in one piece, from PyTorch's own modules."""

    def __init__(self, n_source, n_target):
        super().__init__()
        self.source, self.target = nn.Embedding(n_source, 64), nn.Embedding(n_target, 64)
        self.encoder = nn.LSTM(64, 48, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(64, 96, batch_first=True)
        self.start, self.mix = nn.Linear(96, 192), nn.Linear(192, 96)
        self.query, self.key = nn.Linear(96, 32, bias=False), nn.Linear(96, 32, bias=False)
        self.score, self.readout = nn.Linear(32, 1, bias=False), nn.Linear(96, n_target)

    def forward(self, batch):
        seen, (last, _) = self.encoder(self.source(batch.source))
        hidden, cell = self.start(torch.cat([last[0], last[1]], 1))[None].chunk(2, 2)
        state = hidden.tanh().contiguous(), cell.contiguous()
        hidden, _ = self.decoder(self.target(batch.target_in), state)
        scores = self.score((self.query(hidden)[:, :, None] + self.key(seen)[:, None]).tanh())
        context = torch.bmm(F.softmax(scores[..., 0], 2), seen)
        return self.readout(self.mix(torch.cat([hidden, context], 2)).tanh())


def trainings():
    """Return the time of a training step of each model and its ratio to PyTorch's own modules."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    center, candidates = torch.randint(VOCAB, (BATCH,)), torch.randint(VOCAB, (BATCH, 1 + K))
    target = torch.zeros(BATCH, 1 + K)
    target[:, 0] = 1
    count = torch.rand(BATCH) * 20 + 0.1
    other = candidates[:, 0]

    def plain_loss(model):
        return F.binary_cross_entropy_with_logits(model(center, candidates), target) * (1 + K)

    def plain_glove(model):
        weight = (count / 10).clamp(max=1) ** 0.75
        bias = model.center_bias(center) + model.context_bias(other)
        product = torch.bmm(model.center(center)[:, None], model.context(other)[:, :, None])
        return (
            weight * F.mse_loss((product[:, 0] + bias)[:, 0], count.log(), reduction="none")
        ).mean()

    sequence = torch.randn(32, 64, 32)  # (batch, time, d_input), as the character model trains
    ids = torch.randint(100, (32, 64))

    def squares(model):
        return model(sequence)[0].square().mean()

    def next_character(model):
        return F.cross_entropy(model(ids)[0].flatten(0, 1), ids.flatten())

    real = torch.ones(32, 20, dtype=torch.bool)
    source, target_ids = torch.randint(4, 170, (2, 32, 20))
    batch = Batch(source, real, target_ids, target_ids, real, list(range(32)))
    with_their_cell = BahdanauTranslator(175, 256)
    with_their_cell.cell = nn.LSTMCell(64 + 96, 96)

    def translation(model):
        return token_loss(model, batch)

    pairs = {
        "attention translator": (
            (AttentionTranslator(175, 256), translation),
            (PlainTranslator(175, 256), translation),
        ),
        "Bahdanau's loop": (
            (BahdanauTranslator(175, 256), translation),
            (with_their_cell, translation),
        ),
        "LSTM": (
            (Recurrent(LSTMCell(32, 192)), squares),
            (nn.LSTM(32, 192, batch_first=True), squares),
        ),
        "character model": (
            (CharacterModel(100), next_character),
            (PlainCharacters(), next_character),
        ),
        "skip-gram": (
            (SkipGram(VOCAB, D_EMBED), lambda m: negative_sampling_loss(m(center, candidates))),
            (PlainSkipGram(), plain_loss),
        ),
        "GloVe": (
            (GloVe(VOCAB, D_EMBED), lambda m: glove_loss(m(center, other), count)),
            (GloVe(VOCAB, D_EMBED), plain_glove),
        ),
    }
    result = {}
    for name, (ours, reference) in tqdm(pairs.items(), desc="trainings"):
        mine, theirs = seconds_a_step(ours, reference)
        result[name] = {
            "ms a step": round(1e3 * mine, 2),
            "seconds for 1,500 steps": round(1_500 * mine, 1),
            "ratio": round(mine / theirs, 2),
        }
    return result


TRANSLATE = """async ([source, state, sentences]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const { translator } = await import(url);
  const machine = translator(state);
  return sentences.map((tokens) => {
    const started = performance.now();
    machine.translate(tokens);
    return performance.now() - started;
  });
}"""


def translator():
    """Return the time of a sentence in the page and in PyTorch, and their ratio.

    Both translate 20 sentences of 31 to 40 words, one at a time, with a model of the book's size
    that never ends: 60 steps each. They go over them eight times; of each sentence the shortest
    time counts, so that other work on the machine does not.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pairs = generate(20, random.Random(0), shares={30: 0, MAX_LENGTH: 1})
    both = vocabularies(pairs)
    model = AttentionTranslator(*map(len, both))
    with torch.no_grad():
        model.to_scores.bias[EOS_ID] = -100  # no sentence ends
    figure = Translator(model, both, ["the cat sleeps"], alt="The alignment.")
    sentences = 8 * [list(pair.source) for pair in pairs]
    there = []
    for words in tqdm(sentences, desc="translator"):
        ids = torch.tensor([both[0].encode([*words, EOS])])
        started = time.perf_counter()
        greedy(model, ids, torch.ones_like(ids, dtype=torch.bool))
        there.append(1e3 * (time.perf_counter() - started))
    given = [bundle("translator"), figure.figure_state(), sentences]
    with sync_playwright() as playwright:
        path = Path("/usr/bin/chromium")
        chromium = playwright.chromium.launch(
            executable_path=str(path) if path.is_file() else None, args=["--no-sandbox"]
        )
        here = chromium.new_page().evaluate(TRANSLATE, given)
        chromium.close()
    here, there = (
        [min(times[i :: len(pairs)]) for i in range(len(pairs))] for times in (here, there)
    )
    return {
        "translator in the page": {
            "ms a sentence": round(median(here), 1),
            "slowest, ms": round(max(here), 1),
            "PyTorch, ms": round(median(there), 1),
            "ratio": round(median(here) / median(there), 2),
        }
    }


def timed(*command):
    """Return the seconds a command takes; raise when it fails."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=HERE.parent)
    return time.perf_counter() - started


def against_start(**wanted):
    """Return the seconds of each command, and its ratio to starting Python with torch."""
    start = timed(sys.executable, "-c", "import torch, matplotlib.pyplot")
    result = {"start of Python with torch": {"seconds": round(start, 1), "ratio": 1.0}}
    for name, command in tqdm(wanted.items(), desc="commands"):
        seconds = timed(*command)
        result[name] = {"seconds": round(seconds, 1), "ratio": round(seconds / start, 1)}
    return result


def commands():
    """Time the commands that a reader waits for."""
    return against_start(
        **{
            "qkv build --clean": (QKV, "build", "--clean"),
            "qkv build, nothing changed": (QKV, "build"),
            "qkv run, nothing stale": (QKV, "run"),
        }
    )


def chapters():
    """Time running every chapter; `proof_time.py` times every check."""
    return against_start(**{"qkv run --force": (QKV, "run", "--force")})


def main():
    """Run the benchmarks that were asked for, print them, and store them."""
    known = {
        "trainings": trainings,
        "attention": attention_costs,
        "translator": translator,
        "commands": commands,
        "chapters": chapters,
    }
    asked = sys.argv[1:] or list(known)
    unknown = [name for name in asked if name not in known]
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r}: choose from {', '.join(known)}")
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for name in asked:
        results[name] = known[name]()
        for what, numbers in results[name].items():
            print(f"{what:32}", "  ".join(f"{k} {v}" for k, v in numbers.items()))
    part = path.with_suffix(".tmp")
    part.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(part, path)


if __name__ == "__main__":
    main()
