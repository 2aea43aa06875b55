"""Holds what a server exports of a model against what it predicts.

    pip install -r requirements.txt && python check_exports.py http://127.0.0.1:8080 mdl_… FILE

The first rows of a CSV, NPZ or JSON Lines file are predicted by the server and by onnxruntime on the exported graph: labels must be
the same, probabilities within 1e-5, values within 1e-4 · max(1, |value|). The graph must pass onnx.checker, and the safetensors
file must load with the safetensors package and hold the same numbers as the graph.
"""

import csv
import json
import re
import sys
import urllib.request

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load

ROWS = 500
IMAGES = 100


def fetch(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return response.read()


def table(session, path):
    """A CSV file: the graph's inputs, and the rows as the server takes them."""
    kinds = {value.name: "string" in value.type for value in session.get_inputs()}
    with open(path, newline="") as file:
        rows = [row for _, row in zip(range(ROWS), csv.DictReader(file))]

    def column(name, is_text):
        cells = [row[name] if is_text else float(row[name] or "nan") for row in rows]
        return np.array(cells, dtype=object if is_text else np.float32)[:, None]

    asked = [
        {name: (row[name] or None) if is_text else float(row[name]) if row[name] else None for name, is_text in kinds.items()}
        for row in rows
    ]
    return {name: column(name, is_text) for name, is_text in kinds.items()}, asked


def images(session, path):
    """An NPZ file."""
    name = session.get_inputs()[0].name
    pixels = np.load(path)[name][:IMAGES]
    return {name: pixels}, [{name: image.tolist()} for image in pixels]


def texts(session, path):
    """A JSON Lines file; ids are made here as the metadata say, for words of ASCII."""
    inputs = json.loads(session.get_modelmeta().custom_metadata_map["preprocessing"])["inputs"]
    options, ids = inputs["options"], {token: index + 2 for index, token in enumerate(inputs["vocabulary"])}
    assert options["tokens"] == "words" and options["lowercase"] and options["ngrams_max"] == 1
    with open(path) as file:
        rows = [row for row in map(json.loads, file) if row[inputs["column"]].isascii()][:ROWS]
    matrix = np.zeros((len(rows), options["tokens_max"]), dtype=np.int64)
    for index, row in enumerate(rows):
        tokens = re.findall(r"[a-z0-9]+(?:(?<=[a-z])'(?=[a-z])[a-z0-9]+)*|[^\sa-z0-9]", row[inputs["column"]].lower())
        for place, token in enumerate(tokens[: options["tokens_max"]]):
            matrix[index, place] = ids.get(token, 1)
    return {"ids": matrix}, [{inputs["column"]: row[inputs["column"]]} for row in rows]


READERS = {"csv": table, "npz": images, "jsonl": texts}


def main(server, model, path):
    base = f"{server}/v1/models/{model}"
    graph = fetch(f"{base}/content?format=onnx")
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    batch, rows = READERS[path.rsplit(".", 1)[1]](session, path)
    names = [value.name for value in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, batch)))
    predictions = json.loads(fetch(f"{base}/predict", {"rows": rows}))["predictions"]
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
