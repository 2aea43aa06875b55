"""Writes metrics.jsonl: seeded labels and scores with ties and missing labels, and what scikit-learn makes of them.

    pip install numpy==2.4.6 scikit-learn==1.9.1 && python make_metrics.py

A class or label is left out of a mean where its metric is not defined. Of equal scores the first class ranks first; scikit-learn
ranks the last one first, so it is given the classes in reverse for the top five.
"""

import json
import pathlib

import numpy as np
from sklearn import metrics

OUT = pathlib.Path(__file__).parent / "metrics.jsonl"


def mean(values):
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None


def ranked(positive, scores):
    """ROC AUC and average precision of one class."""
    both = positive.any() and not positive.all()
    return (
        float(metrics.roc_auc_score(positive, scores)) if both else None,
        float(metrics.average_precision_score(positive, scores)) if positive.any() else None,
    )


def classification(labels, scores):
    known = labels >= 0
    labels, scores = labels[known], scores[known]
    classes = scores.shape[1]
    predicted = scores.argmax(axis=1)
    each = [ranked(labels == c, scores[:, c]) for c in range(classes)]
    top = None
    if classes > 5:
        top = metrics.top_k_accuracy_score(classes - 1 - labels, scores[:, ::-1], k=5, labels=range(classes))
    return {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "top5_accuracy": top,
        "macro_f1": metrics.f1_score(labels, predicted, average="macro"),
        "roc_auc": mean([auc for auc, _ in each]),
        "average_precision": mean([precision for _, precision in each]),
    }


def binary(labels, scores):
    known = labels >= 0
    labels, scores = labels[known], scores[known, 0]
    auc, precision = ranked(labels == 1, scores)
    predicted = (scores >= 0.5).astype(int)
    return {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "macro_f1": metrics.f1_score(labels, predicted, average="macro"),
        "roc_auc": auc,
        "average_precision": precision,
    }


def multilabel(labels, scores):
    f1, each, hits = [], [], []
    for column, score in zip(labels.T, scores.T):
        known = ~np.isnan(column)
        if not known.any():
            continue
        truth, predicted = column[known] > 0.5, score[known] >= 0.5
        hits += (truth == predicted).tolist()
        value = metrics.f1_score(truth, predicted, zero_division=np.nan)
        f1.append(None if np.isnan(value) else value)
        each.append(ranked(truth, score[known]))
    return {
        "accuracy": mean(hits),
        "macro_f1": mean(f1),
        "roc_auc": mean([auc for auc, _ in each]),
        "average_precision": mean([precision for _, precision in each]),
    }


def regression(values, scores):
    found = {"rmse": [], "mae": [], "r2": []}
    for column, score in zip(values.T, scores.T):
        known = ~np.isnan(column)
        column, score = column[known], score[known]
        if len(column) == 0:
            continue
        found["rmse"].append(float(metrics.root_mean_squared_error(column, score)))
        found["mae"].append(float(metrics.mean_absolute_error(column, score)))
        found["r2"].append(float(metrics.r2_score(column, score)) if column.min() < column.max() else None)
    return {name: mean(each) for name, each in found.items()}


def cases():
    random = np.random.default_rng(3)

    def scores(rows, outputs, digits):
        return np.round(random.random((rows, outputs)), digits)

    # Few digits make many ties.
    for classes, rows, digits in [(2, 30, 1), (3, 80, 1), (6, 60, 1), (12, 120, 1), (12, 50, 4), (9, 40, 0)]:
        labels = random.integers(0, classes, rows)
        labels[random.random(rows) < 0.15] = -1
        yield "classification", labels, scores(rows, classes, digits)
    # Classes that no row has.
    yield "classification", np.array([7, 7, 1, -1, 1, 7]), scores(6, 8, 1)
    # All scores the same.
    yield "classification", np.arange(8), np.full((8, 8), 0.125)
    for rows, digits in [(50, 1), (40, 4), (30, 0)]:
        labels = random.integers(0, 2, rows)
        labels[random.random(rows) < 0.2] = -1
        yield "binary", labels, scores(rows, 1, digits)
    yield "binary", np.array([1, 1, -1, 1]), scores(4, 1, 1)
    yield "binary", np.array([0, 0, 0]), scores(3, 1, 1)
    for outputs, rows in [(1, 40), (5, 60)]:
        labels = random.integers(0, 2, (rows, outputs)).astype(float)
        labels[random.random((rows, outputs)) < 0.3] = np.nan
        yield "multilabel", labels, scores(rows, outputs, 1)
    rare = np.zeros((20, 4))
    rare[3, 1], rare[:, 2], rare[:, 3] = 1, 1, np.nan
    yield "multilabel", rare, scores(20, 4, 1) * [0.4, 1, 1, 1]
    for outputs, rows in [(1, 40), (3, 50)]:
        values = np.round(random.normal(5, 2, (rows, outputs)), 1).astype(np.float32).astype(float)
        values[random.random((rows, outputs)) < 0.2] = np.nan
        yield "regression", values, np.round(values.copy() * 0 + random.normal(5, 2, (rows, outputs)), 1)
    flat = np.full((6, 2), 2.0)
    flat[:, 1] = np.arange(6)
    yield "regression", flat, random.normal(2, 1, (6, 2))


def plain(values):
    return [None if np.isnan(value) else float(value) for value in np.asarray(values, dtype=float).ravel()]


def main():
    measure = {f.__name__: f for f in (classification, binary, multilabel, regression)}
    with OUT.open("w") as file:
        for kind, labels, scores in cases():
            scores = np.where(np.isnan(scores), 0, scores)
            expected = measure[kind](labels, scores)
            expected = {name: None if value is None else float(value) for name, value in expected.items()}
            row = {"kind": kind, "outputs": scores.shape[1], "labels": plain(labels), "scores": plain(scores)}
            file.write(json.dumps(row | {"metrics": expected}) + "\n")


if __name__ == "__main__":
    main()
