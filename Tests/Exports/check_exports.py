"""Holds what a server exports of a model against what it predicts.

    pip install -r requirements.txt && python check_exports.py http://127.0.0.1:8080 mdl_… rows.csv

The first 500 rows of the CSV file are predicted by the server and by onnxruntime on the exported graph: labels must be
the same, probabilities within 1e-5, values within 1e-4 · max(1, |value|). The graph must pass onnx.checker, and the safetensors
file must load with the safetensors package and hold the same numbers as the graph.
"""

import csv
import json
import sys
import urllib.request

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load

ROWS = 500


def fetch(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read()


def cell(text, kind):
    if kind == "tensor(string)":
        return text
    return float(text) if text else float("nan")


def json_cell(text, kind):
    if kind == "tensor(string)":
        return text or None
    return float(text) if text else None


def main(server, model, path):
    base = f"{server}/v1/models/{model}"
    graph = fetch(f"{base}/content?format=onnx")
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    inputs = {value.name: value.type for value in session.get_inputs()}
    with open(path, newline="") as file:
        rows = [row for _, row in zip(range(ROWS), csv.DictReader(file))]
    batch = {
        name: np.array([[cell(row[name], kind)] for row in rows], dtype=object if "string" in kind else np.float32)
        for name, kind in inputs.items()
    }
    names = [value.name for value in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, batch)))
    asked = [{name: json_cell(row[name], kind) for name, kind in inputs.items()} for row in rows]
    predictions = json.loads(fetch(f"{base}/predict", {"rows": asked}))["predictions"]
    assert len(predictions) == len(rows)
    worst = {}
    for task in predictions[0]:
        answers = [prediction[task] for prediction in predictions]
        if "probabilities" in answers[0]:
            expected = np.array([list(answer["probabilities"].values()) for answer in answers])
            error = np.abs(outputs[f"{task}_probabilities"] - expected).max()
            assert error <= 1e-5, (task, error)
            if "label" in answers[0]:
                differ = sum(a["label"] != label for a, label in zip(answers, outputs[task]))
                assert differ == 0, f"{task}: {differ} labels differ"
        else:
            expected = np.array([list(a["values"].values()) if "values" in a else [a["value"]] for a in answers])
            error = (np.abs(outputs[task] - expected) / np.maximum(1, np.abs(expected))).max()
            assert error <= 1e-4, (task, error)
        worst[task] = float(error)
    tensors = load(fetch(f"{base}/content?format=safetensors"))
    initializers = {i.name: numpy_helper.to_array(i) for i in onnx.load_from_string(graph).graph.initializer}
    for name, tensor in tensors.items():
        assert np.array_equal(tensor, initializers[name]), name
    print(f"{len(rows)} rows agree; largest errors {worst}; {len(tensors)} tensors are the same in both files")


if __name__ == "__main__":
    main(*sys.argv[1:])
