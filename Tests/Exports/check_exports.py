"""Holds what a server exports of a model against what it predicts.

    python check_exports.py http://127.0.0.1:8080 mdl_… FILE

The first rows of a CSV, NPZ or JSON Lines file are predicted by the server and by onnxruntime on the exported graph: labels must be
the same, probabilities within 1e-5, values within 1e-4 · max(1, |value|). The graph must pass onnx.checker, and the safetensors
file must load with the safetensors package and hold the same numbers as the graph. The ids of a text are the server's
(`return=tokens`) and must be those that the rules in the graph's metadata make.
"""

import csv
import io
import json
import sys
import urllib.request
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load

import tokens

ROWS = 500
IMAGES = 100
PROBABILITY_ERROR_MAX = 1e-5
VALUE_ERROR_MAX = 1e-4


@dataclass
class Agreement:
    """How far a graph was from the server; errors of values are relative to max(1, |value|)."""

    rows: int
    tensors: int
    probabilities: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    # Labels that both may choose, because the two best probabilities are no further apart than the error allowed.
    ties: int = 0


def call(url, body=None, kind="application/json"):
    data = json.dumps(body).encode() if kind == "application/json" and body is not None else body
    request = urllib.request.Request(url, data=data, headers={"Content-Type": kind})
    with urllib.request.urlopen(request) as response:
        return response.read()


def feed_column(value, rows):
    """One input of a table's graph."""
    cells = [row[value.name] for row in rows]
    if "string" in value.type:
        return np.array(["" if cell is None else cell for cell in cells], dtype=object)[:, None]
    numbers = [[np.nan if x is None else x for x in (cell if isinstance(cell, list) else [cell])] for cell in cells]
    return np.array(numbers, dtype=np.float32)


def feed_ids(base, session, rows):
    """The ids of texts, which are the server's and also those that the metadata make."""
    answer = json.loads(call(f"{base}/predict?return=tokens", {"rows": rows}))
    ids = np.array(answer["tokens"], dtype=np.int64)
    inputs = json.loads(session.get_modelmeta().custom_metadata_map["preprocessing"])["inputs"]
    for row, found in zip(rows, ids, strict=True):
        expected = tokens.ids(row[inputs["column"]], inputs)
        assert np.array_equal(found, expected), (row, found, expected)
    return ids


def feed(base, session, rows):
    inputs = session.get_inputs()
    if [value.name for value in inputs] == ["ids"]:
        return {"ids": feed_ids(base, session, rows)}
    if len(inputs) == 1 and len(inputs[0].shape) > 2:
        kind = np.uint8 if "uint8" in inputs[0].type else np.float32
        return {inputs[0].name: np.array([row[inputs[0].name] for row in rows], dtype=kind)}
    return {value.name: feed_column(value, rows) for value in inputs}


def compare(task, answers, outputs, agreement):
    if "probabilities" not in answers[0]:
        expected = np.array([list(a["values"].values()) if "values" in a else [a["value"]] for a in answers])
        error = float((np.abs(outputs[task] - expected) / np.maximum(1, np.abs(expected))).max())
        assert error <= VALUE_ERROR_MAX, f"{task}: a value differs by {error}"
        agreement.values[task] = error
        return
    expected = np.array([list(answer["probabilities"].values()) for answer in answers])
    error = float(np.abs(outputs[f"{task}_probabilities"] - expected).max())
    assert error <= PROBABILITY_ERROR_MAX, f"{task}: a probability differs by {error}"
    agreement.probabilities[task] = error
    for row, (answer, given) in enumerate(zip(answers, outputs[task], strict=True)):
        if "label" in answer:
            best = np.sort(expected[row])[-2:]
            agrees, close = answer["label"] == given, best[1] - best[0] <= 2 * PROBABILITY_ERROR_MAX
        else:
            names = list(answer["probabilities"])
            agrees = answer["labels"] == [name for name, mark in zip(names, given, strict=True) if mark]
            close = np.abs(expected[row] - 0.5).min() <= PROBABILITY_ERROR_MAX
        assert agrees or close, f"{task}: row {row + 1} is {answer} and {given}"
        agreement.ties += 0 if agrees else 1


def check(server, model, rows):
    """Compares the answers for `rows`, as `POST …/predict` takes them. An `AssertionError` says what differs."""
    base = f"{server}/v1/models/{model}"
    graph = call(f"{base}/content?format=onnx")
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, feed(base, session, rows))))
    predictions = json.loads(call(f"{base}/predict", {"rows": rows}))["predictions"]
    assert len(predictions) == len(rows)

    weights = load(call(f"{base}/content?format=safetensors"))
    initializers = {i.name: numpy_helper.to_array(i) for i in onnx.load_from_string(graph).graph.initializer}
    for name, tensor in weights.items():
        assert np.array_equal(tensor, initializers[name]), f"{name} differs between the two files"

    agreement = Agreement(rows=len(rows), tensors=len(weights))
    for task in predictions[0]:
        compare(task, [prediction[task] for prediction in predictions], outputs, agreement)
    return agreement


def check_archive(server, model, rows):
    """Images sent as an NPZ file are answered as images sent as nested arrays."""
    url = f"{server}/v1/models/{model}/predict"
    file = io.BytesIO()
    pixels = np.array([row["x"] for row in rows])
    np.savez_compressed(file, x=pixels.astype(np.uint8 if pixels.dtype.kind == "i" else np.float32))
    assert call(url, file.getvalue(), "application/x-npz") == call(url, {"rows": rows})


def read_rows(path, inputs):
    """The first rows of a file as the server takes them."""
    if path.endswith(".npz"):
        return [{inputs[0].name: image.tolist()} for image in np.load(path)[inputs[0].name][:IMAGES]]
    if path.endswith(".jsonl"):
        with open(path) as file:
            rows = [row for _, row in zip(range(ROWS), map(json.loads, file))]
        return rows
    is_text = {value.name: "string" in value.type for value in inputs}
    with open(path, newline="") as file:
        rows = [row for _, row in zip(range(ROWS), csv.DictReader(file))]
    return [{n: (row[n] or None) if t else float(row[n]) if row[n] else None for n, t in is_text.items()} for row in rows]


def main(server, model, path):
    graph = call(f"{server}/v1/models/{model}/content?format=onnx")
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    rows = read_rows(path, session.get_inputs())
    metadata = json.loads(session.get_modelmeta().custom_metadata_map["preprocessing"])["inputs"]
    if session.get_inputs()[0].name == "ids":
        rows = [{metadata["column"]: row[metadata["column"]]} for row in rows]
    elif path.endswith(".jsonl"):
        rows = [{value.name: row.get(value.name) for value in session.get_inputs()} for row in rows]
    print(check(server, model, rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
