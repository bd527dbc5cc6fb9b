# ruff: noqa
"""Draft: alignment error rate and gradient reach of saved models. args: model=luong file=/tmp/x.pt"""

import os, sys, json

os.environ.setdefault("OMP_NUM_THREADS", "1")
import torch

torch.set_num_threads(1)
sys.path.insert(0, os.path.dirname(__file__))
import _models_draft as m
from _probe_draft import data
from qkv.data.pairs import Batches, tokens_of
from qkv.metrics import alignment_error_rate

kw = dict(x.split("=") for x in sys.argv[1:])
d = data(int(kw.get("n", 20000)))
sv, tv = (
    m.Vocabulary(tokens_of(p.source for p in d.train)),
    m.Vocabulary(tokens_of(p.target for p in d.train)),
)
test = d.test[:600]
torch.manual_seed(0)


def build():
    if kw["model"] == "fixed":
        return m.FixedContext(
            len(sv), len(tv), 64, int(kw.get("d_hidden", 128)), int(kw.get("d_context", 128))
        )
    cls = m.Attentive if kw["model"] == "attend" else m.LuongStyle
    return cls(len(sv), len(tv), 64, int(kw.get("d_hidden", 128)), 64, kw.get("score", "additive"))


def gradient(net):
    """Share of the gradient of the loss on the source that reaches each tenth, sentences of 25+ words."""
    long = [p for p in test if len(p.source) >= 25][:100]
    rows = []
    for b in Batches(long, sv, tv, 25, (), bool(int(kw.get("reverse", 0)))):
        x = net.encoder.embed(b.source).detach().requires_grad_()
        old = net.encoder.embed.forward
        net.encoder.embed.forward = lambda _: x
        logits = net(b)
        net.encoder.embed.forward = old
        n = len(b.index)
        # the loss on the whole target
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), b.target_out.flatten(), ignore_index=0, reduction="sum"
        )
        (g,) = torch.autograd.grad(loss, x)
        norms = g.norm(dim=-1)
        for i in range(n):
            L = int(b.source_mask[i].sum()) - 1
            rows.append([float(norms[i, round(q * (L - 1))]) for q in (0, 0.25, 0.5, 0.75, 1)])
    return [round(v, 5) for v in torch.tensor(rows).mean(0).tolist()]


net = build()
print(json.dumps({"gradient at start, first..last": gradient(net)}), flush=True)
net.load_state_dict(torch.load(kw["file"]))
print(json.dumps({"gradient trained, first..last": gradient(net)}), flush=True)
if kw["model"] != "fixed":
    found, soft, diag, sure, possible = [], [], [], [], []
    for b in Batches(test, sv, tv, 50):
        memory, state = net.encode(b.source, b.source_mask)
        w = []
        with torch.no_grad():
            net.decode(memory, state, b.target_in, w)
        W = torch.stack(w, 1)  # (B, T, S)
        for r, i in enumerate(b.index):
            p = test[i]
            S, T = len(p.source), len(p.target)
            a = W[r, :T, :S].argmax(1).tolist()
            found.append({(a[j], j) for j in range(T)})
            diag.append({(min(S - 1, round(j * (S - 1) / max(1, T - 1))), j) for j in range(T)})
            sure.append(p.sure)
            possible.append(p.possible)
    print(
        json.dumps(
            {
                "AER attention": round(alignment_error_rate(found, sure, possible), 4),
                "AER diagonal": round(alignment_error_rate(diag, sure, possible), 4),
                "AER best possible with one link a word": round(
                    alignment_error_rate(
                        [
                            {
                                min(
                                    (l for l in s if l[1] == j),
                                    default=min(l for l in q if l[1] == j),
                                )
                                for j in {l[1] for l in q}
                            }
                            for s, q in zip(sure, possible)
                        ],
                        sure,
                        possible,
                    ),
                    4,
                ),
            }
        )
    )
