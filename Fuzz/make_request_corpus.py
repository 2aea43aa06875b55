#!/usr/bin/env python3
"""Writes the seed inputs of the fuzzers of request bodies: python3 Fuzz/make_request_corpus.py."""

import gzip
import json
import pathlib

here = pathlib.Path(__file__).parent / "Corpus"


def write(folder, inputs):
    (here / folder).mkdir(parents=True, exist_ok=True)
    for name, content in inputs.items():
        (here / folder / name).write_bytes(content)


rows = {"rows": [{"age": 50, "colour": "red", "zip": 8}, {"age": None, "colour": "green", "zip": None}]}
vectors = {"rows": [[1, 2.5, None], {"x": [0, -1e3, 3]}]}
write("Predict", {
    "columns": b"\x00" + json.dumps(rows).encode(),
    "vectors": b"\x01" + json.dumps(vectors).encode(),
    "gzip": b"\x80" + gzip.compress(json.dumps(rows).encode(), mtime=0),
    "numbers": b"\x00" + json.dumps({"rows": [1] * 300}).encode(),
    "objects": b"\x01" + json.dumps({"rows": [{}] * 200}).encode(),
    "unknown": b"\x00" + json.dumps({"rows": [{"age": "x", "other": [], "zip": {}}]}).encode(),
    "broken": b'\x00{"rows":[{"age":1,"age":2}',
})
dataset = "ds_00000000-0000-7000-8000-000000000000"
task = {"target": "y", "type": "classification"}
base = {"dataset": dataset, "tasks": [task], "test": {"fraction": 0.2}, "epochs": 2}
two = {**base, "tasks": [task, {"target": "z", "type": "regression"}]}
write("Comparison", {
    "small": json.dumps({"base": base, "strategies": [{"strategy": "adaptive"}], "seeds": 1}).encode(),
    "whole": json.dumps({
        "name": "c", "base": two, "strategies": [{"strategy": "adaptive", "form": "softmax"}, {"strategy": "equal"}],
        "seeds": [1, 2], "baselines": ["single_task", "equal", "random"], "learning_rates": [0.1, 0.01],
        "static_grid": 4}).encode(),
    "wrong": json.dumps({
        "name": 1, "base": {"dataset": "x", "tasks": [{}], "test": None, "other": 1}, "strategies": [1, {}],
        "seeds": [-1, 1, 1], "baselines": ["x"], "learning_rates": [0], "static_grid": 99, "more": {}}).encode(),
    "none": b"[]",
})
