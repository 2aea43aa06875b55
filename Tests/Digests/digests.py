"""Trains a list of specs on a running server and prints a digest of each result.

    python digests.py http://127.0.0.1:8080

The specs cover every encoder, kind of task, weighting strategy, optimizer, schedule and file format, missing labels, augmentation,
early stopping, warm starts, and jobs that are paused and resumed. A line is the spec's name, the digest of the model's weights, and
the SHA-256 of its epoch rows without their times. The digests depend on the processor, so they are compared on one machine only.
"""

import hashlib
import json
import sys
import time
import urllib.error

from check_exports import call
from problems import TASKS, problems

SECONDS_MAX = 300
TIMES = ("seconds", "samples_per_second", "attempt", "cpu_seconds")

KIND, SIGN, TAGS, SIZES, RAW = TASKS
OPTIMIZERS = [
    {"type": "sgd", "learning_rate": 0.01},
    {"type": "sgd", "learning_rate": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.001},
    {"type": "adam", "learning_rate": 0.002, "betas": [0.8, 0.99], "weight_decay": 0.01},
    {"type": "adamw", "learning_rate": 0.002, "weight_decay": 0.01},
]
SCHEDULES = [
    {"type": "cosine", "warmup_epochs": 1},
    {"type": "step", "step_epochs": 2, "gamma": 0.5},
    {"type": "one_cycle", "learning_rate_max": 0.01},
]
TASK_VARIANTS = {
    "one task": [KIND],
    "label smoothing": [KIND | {"label_smoothing": 0.1}, SIGN],
    "class weights": [KIND | {"class_weights": {"gr\u00fcn": 3}}, SIGN | {"positive_weight": 2}],
    "mae": [SIZES | {"loss": "mae"}, KIND],
    "huber": [RAW | {"delta": 0.5, "standardize": True}, TAGS],
}


def wait(server, job, states):
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        answer = json.loads(call(f"{server}/v1/jobs/{job}"))
        if answer["state"] in states:
            return answer
        if answer["state"] in ("failed", "cancelled", "expired"):
            raise RuntimeError(f"{job}: {answer['error']}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{job} takes too long")
        time.sleep(0.02)


def submit(server, spec):
    return json.loads(call(f"{server}/v1/jobs", spec))["id"]


def pause_and_resume(server, job):
    """Interrupts a job in an epoch of its own choosing, if it is still running."""
    try:
        wait(server, job, ("running", "succeeded"))
        call(f"{server}/v1/jobs/{job}/pause", {})
        wait(server, job, ("paused", "succeeded"))
        call(f"{server}/v1/jobs/{job}/resume", {})
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise


def epochs(server, job):
    rows, since = [], 0
    while True:
        page = json.loads(call(f"{server}/v1/jobs/{job}/epochs?since={since}"))["items"]
        if not page:
            return rows
        rows += [{name: value for name, value in row.items() if name not in TIMES} for row in page]
        since = page[-1]["epoch"]


def report(server, name, job):
    answer = wait(server, job, ("succeeded",))
    rows = json.dumps(epochs(server, job), sort_keys=True).encode()
    print(f"{name}: {answer['weights_sha256']} {hashlib.sha256(rows).hexdigest()}", flush=True)
    return answer["model"]


def spec(dataset, encoder, **members):
    return {
        "dataset": dataset,
        "tasks": TASKS,
        "model": {"encoder": encoder},
        "optimizer": {"type": "adam", "learning_rate": 0.003},
        "epochs": 4,
        "batch_size": 32,
        "checkpoint": {"every_epochs": 2},
    } | members


def weightings(server):
    """Every strategy with its defaults, and variants of the adaptive one."""
    names = [item["name"] for item in json.loads(call(f"{server}/v1/weighting-strategies"))["items"]]
    yield from ({"strategy": name} for name in names)
    for form in ("ratio", "softmax"):
        for cadence in ("epoch", "batch"):
            yield {"strategy": "adaptive", "form": form, "cadence": cadence, "normalize": "initial"}


def variants(server, dataset):
    """By name: the members in which a spec on the table of vectors differs."""
    positive = [KIND, SIGN, TAGS]
    for weighting in weightings(server):
        name = " ".join(str(value) for value in weighting.values())
        yield f"weighting {name}", {"weighting": weighting, "tasks": positive}
    for index, optimizer in enumerate(OPTIMIZERS):
        yield f"optimizer {index} {optimizer['type']}", {"optimizer": optimizer, "gradient_clip_norm": 1.0}
    for schedule in SCHEDULES:
        yield f"schedule {schedule['type']}", {"schedule": schedule}
    for name, tasks in TASK_VARIANTS.items():
        yield f"tasks {name}", {"tasks": tasks}
    yield "stopped early", {"epochs": 60, "early_stopping": {"patience": 2}}
    yield "with a test part", {"test": {"fraction": 0.2}, "validation": {"fraction": 0.2, "stratify_by": "kind"}}


def main(server):
    datasets = {}
    for problem in problems():
        upload = call(f"{server}/v1/datasets?name=digests", problem.content, problem.media_type)
        datasets[problem.name] = json.loads(upload)["id"]
        for name, (encoder, extra) in problem.specs.items():
            request = spec(datasets[problem.name], encoder, **extra)
            report(server, f"{problem.name}, {name}", submit(server, request))
    vectors = datasets["vectors"]
    for name, members in variants(server, vectors):
        report(server, name, submit(server, spec(vectors, {"type": "mlp", "hidden": [16]}, **members)))
    for name, encoder in {
        "mlp": {"type": "mlp", "hidden": [64], "dropout": 0.2, "batch_norm": True},
        "mlp, gradnorm": {"type": "mlp", "hidden": [64, 32]},
    }.items():
        weighting = {"strategy": "gradnorm" if "gradnorm" in name else "adaptive"}
        request = spec(vectors, encoder, epochs=200, weighting=weighting, tasks=[KIND, SIGN, TAGS])
        job = submit(server, request)
        pause_and_resume(server, job)
        model = report(server, f"resumed {name}", job)
        start = spec(vectors, encoder, initial_model=model, tasks=[KIND, SIGN, TAGS])
        report(server, f"warm start {name}", submit(server, start))


if __name__ == "__main__":
    main(sys.argv[1])
