"""Runs our training steps and PyTorch's in turn and judges the median of the paired ratios.

Usage: compare.py OURS PEER_PYTHON OUTPUT [CASE…]. One thread each; the two never run at the same time.
"""

import json
import os
import statistics
import subprocess
import sys

FLOORS = {"T1": 4.5, "T2": 1.15, "T3": 4.0, "T4": 1.3, "T5": 5.0}
# Floating point operations of a row's forward pass and of its two backward products.
OPERATIONS = {
    "T1": 6 * (64 * 256 + 256 * 128 + 128 * 13) - 2 * 64 * 256,
    "T2": 6 * (784 * 1024 + 1024 * 1024 + 1024 * 512 + 512 * 20) - 2 * 784 * 1024,
    "T3": 4 * 28 * 28 * 10 * 81 + 6 * (10 * 10 * 20 * 250 + 500 * 50 + 50 * 20),
    "T4": 6 * 555_422_720 + 6 * 512 * 120,
    "T5": 6 * (128 * 128 + 128 * 12),
}
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
ROUND_SECONDS = float(os.environ.get("BENCH_ROUND_SECONDS", "0.7"))


class Runner:
    def __init__(self, *command):
        environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        ready = self.process.stdout.readline().split()
        if not ready or ready[0] != "ready":
            raise SystemExit(f"{' '.join(command)} did not start")
        values = dict(word.split("=") for word in ready[1:])
        self.batch, self.parameters = int(values["batch"]), int(values["parameters"])
        assert values["threads"] == "1", "one thread each"
        # Warm, and find out how many steps fill a round.
        self.steps = 1
        while (seconds := self.run(self.steps)) < ROUND_SECONDS / 4:
            self.steps *= 2
        self.steps = max(1, round(self.steps * ROUND_SECONDS / seconds))

    def run(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("a runner ended early")
        return float(answer)

    def speed(self):
        return self.batch * self.steps / self.run(self.steps)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(case, ours_path, python, mode):
    here = os.path.dirname(os.path.abspath(__file__))
    ours = Runner(ours_path, case)
    peer = Runner(python, os.path.join(here, "peer.py"), case, mode)
    assert ours.parameters == peer.parameters, f"{case}: {ours.parameters} parameters against {peer.parameters}"
    pairs = [(ours.speed(), peer.speed()) for _ in range(ROUNDS)]
    ours.close()
    peer.close()
    ratios = sorted(a / b for a, b in pairs)
    return {
        "case": case, "ours": statistics.median(a for a, _ in pairs), "peer": statistics.median(b for _, b in pairs),
        "peer_name": f"PyTorch {mode}", "unit": "samples/s", "ratio": statistics.median(ratios),
        "ratio_min": ratios[0], "ratio_max": ratios[-1], "floor": FLOORS[case] if mode == "eager" else None,
    }


def main():
    ours, python, output, *cases = sys.argv[1:]
    modes = os.environ.get("BENCH_MODES", "eager fused").split()
    rows = []
    for case in cases or sorted(FLOORS):
        for mode in modes:
            row = measure(case, ours, python, mode)
            rows.append(row)
            floor = f" (at least {row['floor']})" if row["floor"] else ""
            print(
                f"{case} {row['peer_name']:16} ours {row['ours']:10.0f}/s {row['ours'] * OPERATIONS[case] / 1e9:6.1f} "
                f"GFLOP/s  peer {row['peer']:10.0f}/s  ratio {row['ratio']:.2f} "
                f"[{row['ratio_min']:.2f}, {row['ratio_max']:.2f}]{floor}", flush=True)
            with open(output, "w") as file:
                json.dump(rows, file, indent=1)
    missed = [row for row in rows if row["floor"] and row["ratio"] < row["floor"]]
    for row in missed:
        print(f"{row['case']} is below its floor: {row['ratio']:.2f} < {row['floor']}")


main()
