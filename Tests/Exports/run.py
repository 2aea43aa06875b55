"""Trains every encoder over every kind of task on a running server, and checks what it exports.

    python run.py http://127.0.0.1:8080

Prints a line for each model, with the largest error of a probability and of a value.
"""

import json
import sys
import time

from check_exports import call, check, check_archive
from problems import TASKS, problems

SECONDS_MAX = 120


def train(server, dataset, encoder, extra):
    """The identifier of the trained model."""
    spec = {
        "dataset": dataset,
        "tasks": TASKS,
        "model": {"encoder": encoder},
        "optimizer": {"type": "adam", "learning_rate": 0.003},
        "epochs": 4,
        "batch_size": 32,
        "checkpoint": {"every_epochs": 4},
    } | extra
    job = json.loads(call(f"{server}/v1/jobs", spec))["id"]
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        answer = json.loads(call(f"{server}/v1/jobs/{job}"))
        if answer["state"] == "succeeded":
            return answer["model"]
        assert answer["state"] in ("queued", "starting", "running"), answer["error"]
        assert time.monotonic() < deadline, f"{job} takes too long"
        time.sleep(0.05)


def main(server):
    worst_probability = worst_value = 0.0
    models = failures = 0
    for problem in problems():
        upload = call(f"{server}/v1/datasets?name=exports", problem.content, problem.media_type)
        dataset = json.loads(upload)["id"]
        for name, (encoder, extra) in problem.specs.items():
            model = train(server, dataset, encoder, extra)
            rows = problem.rows
            if "inputs" in extra:
                rows = [{column: row[column] for column in extra["inputs"]["columns"]} for row in rows]
            models += 1
            try:
                found = check(server, model, rows)
                if problem.name in ("grey bytes", "colour floats"):
                    check_archive(server, model, rows)
            except AssertionError as error:
                failures += 1
                print(f"FAILS   {problem.name}: {name}: {error}", flush=True)
                continue
            probability, value = max(found.probabilities.values()), max(found.values.values())
            worst_probability, worst_value = max(worst_probability, probability), max(worst_value, value)
            ties = f", {found.ties} ties" if found.ties else ""
            print(f"{probability:.1e} {value:.1e}  {problem.name}: {name} ({found.rows} rows{ties})", flush=True)
    print(f"{models} models, {failures} failures; probabilities within {worst_probability:.1e}, values within {worst_value:.1e}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main(sys.argv[1])
