"""Small problems, drawn from a seed: a file to train on, encoders for it, and rows to ask, some of which are odd.

Every problem has one task of each kind, with missing labels in each.
"""

import io
import json
from dataclasses import dataclass

import numpy as np

CLASSES = ["gr\u00fcn", "gru\u0308n", "\u8d64", "no, \"thanks\""]
TASKS = [
    {"name": "kind", "target": "kind", "type": "classification"},
    {"name": "sign", "target": "sign", "type": "binary", "head": {"hidden": [5]}},
    {"name": "tags", "targets": ["tag_a", "tag_b", "tag_c"], "type": "multilabel"},
    {"name": "sizes", "targets": ["wide", "tall"], "type": "regression"},
    {"name": "raw", "target": "wide", "type": "regression", "loss": "huber", "standardize": False},
]


@dataclass
class Problem:
    name: str
    media_type: str
    content: bytes
    # By name: the member `model.encoder`, and what else a spec needs.
    specs: dict
    rows: list


def targets(generator, score):
    """Columns of targets that follow `score`, with a missing label here and there."""
    count = len(score)

    def holes(values):
        return [None if generator.random() < 0.1 else value for value in values]

    noise = generator.normal(size=(count, 3)) / 4
    order = np.clip(np.digitize(score + noise[:, 0], [-0.7, 0, 0.7]), 0, 3)
    return {
        "kind": holes([CLASSES[k] for k in order]),
        "sign": holes(["yes" if s > 0 else "no" for s in score]),
        **{f"tag_{letter}": holes([int(x) for x in score + noise[:, k] > k - 1]) for k, letter in enumerate("abc")},
        "wide": holes([round(float(x), 3) for x in 250 + 40 * score]),
        "tall": holes([round(float(x), 5) for x in score * 0.01]),
    }


def lines(columns):
    names = list(columns)
    return "\n".join(json.dumps(dict(zip(names, row))) for row in zip(*columns.values())).encode() + b"\n"


def csv(columns):
    def cell(value):
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text

    rows = [list(columns)] + list(zip(*columns.values()))
    return "\n".join(",".join(map(cell, row)) for row in rows).encode() + b"\n"


def archive(columns, **inputs):
    """Missing labels as NPZ files have them: empty, −1 or NaN."""

    def array(values):
        if any(isinstance(value, str) for value in values):
            return np.array(["" if value is None else value for value in values])
        if any(isinstance(value, float) for value in values):
            return np.array([np.nan if value is None else value for value in values])
        return np.array([-1 if value is None else value for value in values], dtype=np.int64)

    file = io.BytesIO()
    np.savez_compressed(file, **inputs, **{name: array(values) for name, values in columns.items()})
    return file.getvalue()


def table(generator):
    count = 400
    score = generator.normal(size=count)
    # Two of them look alike: composed and decomposed.
    towns = [f"town {k}" for k in range(70)] + ["Z\u00fcrich, old", "Zu\u0308rich, old", "\u6771\u4eac"]

    def holes(values, share):
        return [None if generator.random() < share else value for value in values]

    inputs = {
        "age": holes([round(float(x), 2) for x in 40 + 12 * score], 0.15),
        "income": [round(float(x)) for x in np.exp(10 + score / 2)],
        "always": [3] * count,
        "never": [None] * count,
        "job": holes([["cook", "clerk", "smith"][k] for k in generator.integers(0, 3, count)], 0.2),
        "town": holes([towns[k] for k in generator.integers(0, len(towns), count)], 0.1),
        "zone": [str(k) for k in generator.integers(1, 6, count)],
        "member": ["true" if s + generator.normal() > 0 else "false" for s in score],
    }
    rows = [dict(zip(inputs, row)) for row in zip(*inputs.values())][:200]
    for row in rows:
        del row["never"]
        row["zone"] = int(row["zone"])
    odd = [
        {"age": None, "income": None, "job": None, "town": None, "zone": None, "member": None, "always": None},
        {"age": 0, "income": 10**9, "job": "never heard of", "town": "Atlantis", "zone": 77, "member": "perhaps"},
        {"age": -1e6, "income": 0, "job": "", "town": "", "zone": 1, "member": "true", "always": 4},
    ]
    rows += [{"always": 3} | row for row in odd]
    del inputs["never"]
    used = {"inputs": {"columns": list(inputs)}}
    encodings = {"town": {"type": "one_hot"}, "job": {"type": "embedded", "width": 3}, "zone": {"type": "embedded"}}
    only = {"type": "embedded", "width": 4}
    return Problem(
        "table",
        "text/csv",
        csv(inputs | targets(generator, score)),
        {
            "mlp": ({"type": "mlp", "hidden": [32, 16]}, used),
            "mlp, batch norm": ({"type": "mlp", "hidden": [16], "batch_norm": True, "dropout": 0.3, "activation": "gelu"}, used),
            "mlp, other encodings": (
                {"type": "mlp", "hidden": [16], "activation": "silu"},
                {"inputs": {"columns": list(inputs), "encodings": encodings}},
            ),
            "mlp, embedded columns only": (
                {"type": "mlp", "hidden": [16], "activation": "tanh"},
                {"inputs": {"columns": ["town", "job"], "encodings": {"town": only, "job": only}}},
            ),
            "mlp, no hidden layer": ({"type": "mlp", "hidden": []}, used),
        },
        rows,
    )


def vectors(generator):
    count = 300
    x = generator.normal(size=(count, 7)).astype(np.float32)
    score = x[:, 0].copy()
    x[generator.random((count, 7)) < 0.05] = np.nan
    rows = [{"x": [None if np.isnan(v) else float(v) for v in row]} for row in x[:100]]
    return Problem(
        "vectors", "application/x-npz", archive(targets(generator, score), x=x),
        {"mlp": ({"type": "mlp", "hidden": [16]}, {})}, rows,
    )  # fmt: skip


def images(generator, name, shape, kind):
    count = 160
    score = generator.normal(size=count)
    light = np.clip(score, -1, 1).reshape(-1, *[1] * len(shape)) * np.linspace(-60, 60, shape[1]).reshape(
        1, -1, *[1] * (len(shape) - 2)
    )
    x = np.clip(generator.normal(128, 30, (count, *shape)) + light, 0, 255)
    x = x.astype(np.uint8) if kind == "bytes" else (x / 100 - 1).astype(np.float32)
    block = {"filters": 6, "kernel": 3}
    specs = {
        "cnn": ({"type": "cnn", "blocks": [block, block | {"filters": 8}], "dense": [12]}, {}),
        "cnn, one dense layer": ({"type": "cnn", "blocks": [block | {"pool": "none"}], "dense": []}, {}),
        "cnn, strides and averages": (
            {
                "type": "cnn",
                "blocks": [
                    block | {"kernel": 5, "padding": 2, "stride": 2, "pool": "average", "activation": "gelu"},
                    block | {"padding": 1, "pool": "none", "batch_norm": True, "activation": "silu", "dropout": 0.2},
                    block | {"padding": 1, "pool": "max", "pool_size": 3, "activation": "tanh"},
                ],
                "dense": [12],
            },
            {},
        ),
        "resnet 18": ({"type": "resnet", "depth": 18, "width": 8, "augmentation": ["random_crop", "horizontal_flip"]}, {}),
        "resnet 34": ({"type": "resnet", "depth": 34, "width": 4}, {}),
        "mlp": ({"type": "mlp", "hidden": [16]}, {}),
    }
    rows = [{"x": image.tolist()} for image in x[:60]] + [{"x": np.zeros(shape, x.dtype).tolist()}]
    return Problem(name, "application/x-npz", archive(targets(generator, score), x=x), specs, rows)


def texts(generator):
    count = 400
    score = generator.normal(size=count)
    good = ["fine", "Lovely", "don't mind", "caf\u00e9", "\u826f\u3044", "na\u00efve"]
    bad = ["poor", "awful!!", "isn\u2019t it", "\u60aa\u3044\u6620\u753b", "\U0001f44e\U0001f3fd", "O'Hara's"]
    plain = ["the", "a", "film", "x2", "42", "3.14", "well-made", "(sic)", "\u0130stanbul", "\u00dfe", "e\u0301t\u00e9"]

    def sentence(s):
        words = generator.choice(good if s > 0 else bad, 1 + int(abs(s) * 2)).tolist()
        words += generator.choice(plain, generator.integers(0, 12)).tolist()
        return " ".join(generator.permutation(words).tolist())

    review = [sentence(s) for s in score]
    odd = [
        "", " ", "\n\t", "unheard-of", "'", "''quoted''", "a'", "rock 'n' roll", "1'000", "fine\u3000film", "\u30d5\u30a3\u30eb\u30e0",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 film", "\U0001f1e8\U0001f1ed", "1\ufe0f\u20e3", "\u0e20\u0e32\u0e1e", "\u0939\u093f\u0928\u094d\u0926\u0940",
        "e\u0301", "\r\n", "\u0000", "fine " * 200, "\u00bd \u2167 x\u00b2",
    ]  # fmt: skip
    base = {"type": "text", "column": "review", "embedding": 12, "tokens_max": 24, "count_min": 2}
    words, characters = base | {"tokens": "words"}, base | {"tokens": "characters", "tokens_max": 60}
    specs = {
        "text mean, words": (words | {"variant": "mean", "dense": [16]}, {}),
        "text mean, words, 1 to 2-grams": (words | {"variant": "mean", "ngrams": {"min": 1, "max": 2}}, {}),
        "text mean, characters, 2 to 5-grams": (characters | {"variant": "mean", "ngrams": {"min": 2, "max": 5}}, {}),
        "text conv, words": (words | {"variant": "conv", "filters": 8, "dropout": 0.3}, {}),
        "text conv, words, 2 to 3-grams": (words | {"variant": "conv", "filters": 8, "ngrams": {"min": 2, "max": 3}}, {}),
        "text conv, characters": (characters | {"variant": "conv", "filters": 8, "kernels": [1, 3, 7], "dense": [9]}, {}),
        "text conv, characters, 1 to 3-grams": (
            characters | {"variant": "conv", "filters": 8, "lowercase": True, "ngrams": {"min": 1, "max": 3}}, {}
        ),
        "text conv, windows beyond the text": (words | {"variant": "conv", "filters": 8, "tokens_max": 4, "kernels": [3, 6]}, {}),
    }  # fmt: skip
    rows = [{"review": text} for text in review[:150] + odd]
    return Problem("text", "application/x-ndjson", lines({"review": review} | targets(generator, score)), specs, rows)


def problems():
    generator = np.random.default_rng(20)
    return [
        table(generator),
        vectors(generator),
        images(generator, "grey bytes", (16, 18), "bytes"),
        images(generator, "colour floats", (17, 16, 3), "floats"),
        texts(generator),
    ]
