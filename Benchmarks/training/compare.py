"""Runs our training steps and PyTorch's in turn and judges the median of the paired ratios.

Usage: compare.py OURS PEER_PYTHON MACHINE ALLOCATIONS OUTPUT [CASE…]. MACHINE is the program that measures what this machine
can do at most, ALLOCATIONS the library that counts requests for memory. One thread each; the two sides never run at the same
time. Below the rows of a case stand its distance from its floor (the larger of its arithmetic at the processor's peak and its
traffic at the memory's), what one step asks of the allocator, and the speed of two workers beside that of one.
"""

import json
import os
import statistics
import subprocess
import sys

FLOORS = {"T1": 4.5, "T2": 1.15, "T3": 4.0, "T4": 1.3, "T5": 5.0}
# The speed of two workers in speeds of one; of T5 it is what memory gives, within 15 %.
SCALING_FLOORS = {"T1": 1.85, "T2": 1.7, "T3": 1.7, "T4": 1.85}
# Floating point operations of a row's forward pass and of its two backward products.
OPERATIONS = {
    "T1": 6 * (64 * 256 + 256 * 128 + 128 * 13) - 2 * 64 * 256,
    "T2": 6 * (784 * 1024 + 1024 * 1024 + 1024 * 512 + 512 * 20) - 2 * 784 * 1024,
    "T3": 4 * 28 * 28 * 10 * 81 + 6 * (10 * 10 * 20 * 250 + 500 * 50 + 50 * 20),
    "T4": 6 * 555_422_720 + 6 * 512 * 120,
    "T5": 6 * (128 * 128 + 128 * 12),
}
# Bytes a parameter that a step cannot avoid: the optimiser reads and writes parameter and moments.
PARAMETER_BYTES = {"T1": 24, "T2": 24, "T3": 24, "T4": 16, "T5": 24}
# Bytes a row of what convolutions and norms write, read forward and read backward; nothing worth counting elsewhere.
ROW_BYTES = {"T4": 3 * 2 * 4 * (5 * 65_536 + 5 * 32_768 + 5 * 16_384 + 5 * 8_192)}
# Below this the parameters and their moments stay in the caches.
CACHE_BYTES = 8 << 20

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
ROUND_SECONDS = float(os.environ.get("BENCH_ROUND_SECONDS", "0.7"))
# Twice as many as all threads that a runner may have: its own, one a worker, and Dispatch's own.
THREADS_MAX_BESIDE_WORKERS = 3


class Runner:
    def __init__(self, *command, **extra):
        environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", **extra)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        ready = self.process.stdout.readline().split()
        if not ready or ready[0] != "ready":
            self.close()
            raise RuntimeError(f"{' '.join(command[-2:])} did not start")
        values = dict(word.split("=") for word in ready[1:])
        self.batch, self.parameters = int(values["batch"]), int(values["parameters"])
        assert values["threads"] == "1", "one thread each"
        # Warm, and find out how many steps fill a round.
        self.steps = 1
        while (seconds := self.run(self.steps)) < ROUND_SECONDS / 4:
            self.steps *= 2
        self.steps = max(1, round(self.steps * ROUND_SECONDS / seconds))

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("a runner ended early")
        return answer

    def run(self, steps):
        """Seconds by the clock; those of the processor are kept beside it."""
        clock, processor = (self.ask(steps).split() + ["0"])[:2]
        self.processor_seconds = float(processor)
        return float(clock)

    def speed(self):
        """Rows a second by the clock, and by the processor's time, which neighbours on a busy machine disturb less."""
        seconds = self.run(self.steps)
        return self.batch * self.steps / seconds, self.batch * self.steps / (self.processor_seconds or seconds)

    def speed_of_two(self):
        """Of two workers that train a network each, and the threads that the process had then."""
        seconds, threads = self.ask(f"workers {self.steps}").split()
        return 2 * self.batch * self.steps / float(seconds), int(threads)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(case, ours_path, python, mode):
    here = os.path.dirname(os.path.abspath(__file__))
    ours = Runner(ours_path, case)
    try:
        peer = Runner(python, os.path.join(here, "peer.py"), case, mode)
    except RuntimeError as error:
        ours.close()
        return {"case": case, "peer_name": f"PyTorch {mode}", "error": str(error)}
    assert ours.parameters == peer.parameters, f"{case}: {ours.parameters} parameters against {peer.parameters}"
    rounds = [(ours.speed(), peer.speed()) for _ in range(ROUNDS)]
    ours.close()
    peer.close()
    result = row(
        case, [(a[0], b[0]) for a, b in rounds], f"PyTorch {mode}", FLOORS[case] if mode == "eager" else None)
    result["processor_ratio"] = statistics.median(a[1] / b[1] for a, b in rounds)
    return result


def row(case, pairs, name, floor, unit="samples/s"):
    ratios = sorted(a / b for a, b in pairs)
    return {
        "case": case, "ours": statistics.median(a for a, _ in pairs), "peer": statistics.median(b for _, b in pairs),
        "peer_name": name, "unit": unit, "ratio": statistics.median(ratios), "ratio_min": ratios[0],
        "ratio_max": ratios[-1], "floor": floor,
    }


def scale(case, ours_path, machine):
    """Two workers beside one, in turn."""
    ours = Runner(ours_path, case)
    ours.speed_of_two()
    pairs, threads = [], 0
    for _ in range(ROUNDS):
        one, _ = ours.speed()
        two, seen = ours.speed_of_two()
        pairs.append((two, one))
        threads = max(threads, seen)
    ours.close()
    # T5 is bound by memory, so it may fall behind what memory gives two threads by 15 %.
    floor = SCALING_FLOORS.get(case) or 0.85 * machine["stream_gbytes_two"] / machine["stream_gbytes"]
    result = row(case, pairs, "one worker", floor)
    result["threads"] = threads
    if threads > 2 + THREADS_MAX_BESIDE_WORKERS:
        result["error"] = f"{threads} threads for two workers"
    return result


def floor_of(case, speed, parameters, batch, machine):
    """Seconds of a step on the clock, and the two floors under it."""
    arithmetic = OPERATIONS[case] * batch / machine["gflops"] / 1e9
    traffic = parameters * PARAMETER_BYTES[case]
    traffic = (traffic if traffic > CACHE_BYTES else 0) + ROW_BYTES.get(case, 0) * batch
    memory = traffic / machine["stream_gbytes"] / 1e9
    step = batch / speed
    return {
        "case": case, "ours": step * 1e3, "peer": max(arithmetic, memory) * 1e3, "peer_name": "floor", "unit": "ms/step",
        "ratio": step / max(arithmetic, memory), "arithmetic_ms": arithmetic * 1e3, "memory_ms": memory * 1e3,
        "gflops": OPERATIONS[case] * speed / 1e9, "floor": None,
    }


def allocations(case, ours_path, library):
    ours = Runner(ours_path, case, LD_PRELOAD=library)
    count = float(ours.ask("allocations 50"))
    ours.close()
    return {"case": case, "ours": count, "peer_name": "allocations", "unit": "requests/step", "floor": None}


def show(row):
    if "ratio_min" in row:
        floor = f" (at least {row['floor']:.2f})" if row["floor"] else ""
        threads = f", {row['threads']} threads" if "threads" in row else ""
        if "processor_ratio" in row:
            threads += f", {row['processor_ratio']:.2f} by processor time"
        print(
            f"{row['case']} {row['peer_name']:16} ours {row['ours']:10.0f}/s  peer {row['peer']:10.0f}/s  "
            f"ratio {row['ratio']:.2f} [{row['ratio_min']:.2f}, {row['ratio_max']:.2f}]{floor}{threads}", flush=True)
    elif row["peer_name"] == "floor":
        print(
            f"{row['case']} step {row['ours']:.3f} ms at {row['gflops']:.1f} GFLOP/s; floors: arithmetic "
            f"{row['arithmetic_ms']:.3f} ms, memory {row['memory_ms']:.3f} ms; {row['ratio']:.2f} times the larger",
            flush=True)
    elif row["peer_name"] == "allocations":
        print(f"{row['case']} {row['ours']:.2f} requests for memory a step", flush=True)
    if "error" in row:
        print(f"{row['case']} {row['peer_name']}: {row['error']}", flush=True)


def main():
    ours, python, machine_path, library, output, *cases = sys.argv[1:]
    modes = os.environ.get("BENCH_MODES", "eager fused compile workers").split()
    machine = json.loads(subprocess.run([machine_path], capture_output=True, text=True, check=True).stdout)
    print(
        f"machine: {machine['gflops']} GFLOP/s on one thread; memory {machine['stream_gbytes']} GB/s on one thread, "
        f"{machine['stream_gbytes_two']} GB/s on two", flush=True)
    rows = [dict(machine, case="machine")]
    for case in cases or sorted(FLOORS):
        made = []
        for mode in modes:
            made.append(scale(case, ours, machine) if mode == "workers" else compare(case, ours, python, mode))
            show(made[-1])
        probe = Runner(ours, case)
        speeds = [row["ours"] for row in made if "ratio" in row and row["peer_name"] != "one worker"]
        speed = speeds[0] if speeds else statistics.median(probe.speed()[0] for _ in range(ROUNDS))
        made.append(floor_of(case, speed, probe.parameters, probe.batch, machine))
        show(made[-1])
        probe.close()
        made.append(allocations(case, ours, library))
        show(made[-1])
        rows += made
        with open(output, "w") as file:
            json.dump(rows, file, indent=1)
    for row in rows:
        if row.get("floor") and row["ratio"] < row["floor"]:
            print(f"{row['case']} {row['peer_name']} is below its floor: {row['ratio']:.2f} < {row['floor']:.2f}")


main()
