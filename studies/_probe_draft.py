# ruff: noqa
"""Draft driver: python studies/probe_draft.py model=fixed d_hidden=128 ... prints one JSON line."""

import json, os, pickle, sys, time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import torch

torch.set_num_threads(1)
sys.path.insert(0, os.path.dirname(__file__))
import _models_draft as m
from qkv.data import phrases
from qkv.data.pairs import Batches, tokens_of
from qkv.train import fit

BUCKETS = [(3, 6), (7, 12), (13, 18), (19, 24), (25, 30), (31, 40)]


def data(n):
    path = f"/tmp/phrB{n}.pkl"
    if not os.path.exists(path):
        pickle.dump(phrases.load(n_train=n), open(path, "wb"))
    return pickle.load(open(path, "rb"))


def main(**kw):
    a = dict(
        model="fixed",
        d_embed=64,
        d_hidden=128,
        d_context=128,
        d_attention=64,
        n=20000,
        steps=600,
        batch=64,
        lr=3e-3,
        seed=0,
        reverse=0,
        score="additive",
        clip=1.0,
        wd=0.01,
        warmup=0.05,
        n_test=600,
        label="",
        limits="8x8,14x4,24x2",
    )
    for k, v in kw.items():
        a[k] = type(a[k])(v)
    d = data(a["n"])
    sv, tv = (
        m.Vocabulary(tokens_of(p.source for p in d.train)),
        m.Vocabulary(tokens_of(p.target for p in d.train)),
    )
    torch.manual_seed(a["seed"])
    if a["model"] == "fixed":
        net = m.FixedContext(len(sv), len(tv), a["d_embed"], a["d_hidden"], a["d_context"])
    else:
        cls = m.Attentive if a["model"] == "attend" else m.LuongStyle
        net = cls(len(sv), len(tv), a["d_embed"], a["d_hidden"], a["d_attention"], a["score"])
    limits = [
        int(x.split("x")[0])
        for x in a["limits"].split(",")
        if x
        for _ in range(int(x.split("x")[1]))
    ]
    batches = Batches(d.train, sv, tv, a["batch"], limits, bool(a["reverse"]), a["seed"])
    cpu = time.process_time()
    wall = time.time()
    h = fit(
        net,
        m.loss,
        batches,
        steps=a["steps"],
        lr=a["lr"],
        clip=a["clip"],
        weight_decay=a["wd"],
        warmup=a["warmup"],
        seed=a["seed"],
        label=str(a["model"]),
    )
    cpu = time.process_time() - cpu
    wall = time.time() - wall
    test = d.test[: a["n_test"]]
    hits = {b: [0, 0] for b in BUCKETS}
    for batch in Batches(test, sv, tv, 100, (), bool(a["reverse"])):
        for i, row in zip(batch.index, m.greedy(net, batch)):
            p = test[i]
            b = next(b for b in BUCKETS if b[0] <= len(p.source) <= b[1])
            hits[b][1] += 1
            hits[b][0] += tuple(tv.decode(row)) == p.target
    res = {f"{b[0]}-{b[1]}": round(x / n, 3) for b, (x, n) in hits.items()}
    print(
        json.dumps(
            {
                **{k: v for k, v in kw.items()},
                "params": m.count(net),
                "cpu": round(cpu, 1),
                "wall": round(wall, 1),
                "loss": round(h.smooth()[-1], 4),
                **res,
                "all": round(sum(x for x, _ in hits.values()) / len(test), 3),
            }
        ),
        flush=True,
    )
    if a["label"]:
        torch.save(net.state_dict(), f"/tmp/{a['label']}.pt")


if __name__ == "__main__":
    main(**dict(x.split("=") for x in sys.argv[1:]))
