"""Measures two builds of the program in turn, round by round: measure.py OUTPUT OLD NEW [rounds] [seconds] [cases].

A row has the medians of both, and the median, least and largest ratio over the rounds; a ratio above 1 means that the new build is
better. The servers run on core 0 and the load on core 1, except where jobs train. `cases` is a regular expression that picks some.
"""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

output, programs = pathlib.Path(sys.argv[1]), dict(zip(("old", "new"), sys.argv[2:4]))
rounds, seconds, wanted = [*sys.argv[4:], *["5", "3", ""][len(sys.argv) - 4 :]]
rounds, seconds = int(rounds), int(seconds)
DIGITS = pathlib.Path(__file__).parents[2] / "Examples/data/digits.csv"
FLOOR = 0.97


class Server:
    """A running server with one event loop and a trained job."""

    def __init__(self, program, pinned=True):
        self.folder = tempfile.mkdtemp(prefix="tenbin-builds-")
        command = [program, "serve", "--port", "0", "--data-dir", self.folder, "--workers", "1", "--loops", "1"]
        self.process = subprocess.Popen(
            (["taskset", "-c", "0"] if pinned else []) + command,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
        self.url = self.process.stdout.readline().split()[-1]
        self.dataset = self.call("/v1/datasets?name=digits", DIGITS.read_bytes(), "text/csv")["id"]
        self.job = self.submit(epochs=2)
        self.wait(self.job)

    def call(self, path, body=None, kind="application/json", fields={}):
        headers = ({"Content-Type": kind} if body else {}) | fields
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
            return json.load(answer)

    def spec(self, **members):
        tasks = [{"target": "digit", "type": "classification"}]
        return json.dumps({"dataset": self.dataset, "tasks": tasks} | members)

    def submit(self, **members):
        return self.call("/v1/jobs", self.spec(**members).encode())["id"]

    def wait(self, job):
        while self.call(f"/v1/jobs/{job}", fields={"Prefer": "wait=30"})["state"] != "succeeded":
            pass

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def load(*command):
    return subprocess.run(["taskset", "-c", "1", *command], capture_output=True, text=True, check=True, timeout=300).stdout


def http1(path, connections, *options):
    def measure(server):
        target = server.url + path.format(job=server.job)
        text = load("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *options, target)
        if "Non-2xx" in text:
            sys.exit(text)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])

    return measure


def http2(server):
    text = load("h2load", "-t1", "-c64", "-m10", "-D", str(seconds), server.url + "/healthz")
    return float(re.search(r"([\d.]+) req/s", text)[1])


def submissions(server):
    """Accepted jobs a second while one trains."""
    large = server.submit(epochs=100_000, model={"encoder": {"type": "mlp", "hidden": [1024, 1024]}})
    script = pathlib.Path(server.folder) / "submit.lua"
    tiny = server.spec(epochs=1, model={"encoder": {"type": "mlp", "hidden": [8]}}, priority=-1)
    script.write_text(
        f"wrk.method = 'POST'\nwrk.body = [[{tiny}]]\nwrk.headers['Content-Type'] = 'application/json'\n")
    try:
        return http1("/v1/jobs", 64, "-s", str(script))(server)
    finally:
        server.call(f"/v1/jobs/{large}/cancel", b"{}")


def tiny_jobs(server):
    """Tiny jobs a second, from the first submission to the end of the last."""
    begun = time.monotonic()
    jobs = [server.submit(epochs=1, model={"encoder": {"type": "mlp", "hidden": [8]}}) for _ in range(200)]
    server.wait(jobs[-1])
    return len(jobs) / (time.monotonic() - begun)


def epochs(server):
    """Epochs a second of a network in which neither the products nor the server are all."""
    job = server.submit(epochs=40, model={"encoder": {"type": "mlp", "hidden": [256, 128]}})
    server.wait(job)
    items = server.call(f"/v1/jobs/{job}/epochs?since=1")["items"]
    return 1 / statistics.median(epoch["seconds"] for epoch in items)


def polls(server):
    """Lists of jobs with a tag that still holds, by second of the server's processor time."""
    request = urllib.request.Request(server.url + "/v1/jobs?page_size=100")
    with urllib.request.urlopen(request) as answer:
        tag = answer.headers["ETag"]
    before = server.processor_seconds()
    text = load("wrk", "-t1", "-c4", f"-d{seconds}s", "-H", f"If-None-Match: {tag}", server.url + "/v1/jobs?page_size=100")
    return int(re.search(r"(\d+) requests in", text)[1]) / (server.processor_seconds() - before)


# Name, measure, whether the server stays on core 0, whether each round has a server of its own.
CASES = [
    ("/healthz, 64 connections", http1("/healthz", 64), True, False),
    ("GET /v1/jobs/{id}, 64 connections", http1("/v1/jobs/{job}", 64), True, False),
    ("GET /v1/jobs/{id}, 1 connection", http1("/v1/jobs/{job}", 1), True, False),
    ("HTTP/2 /healthz, 64 connections x 10 streams", http2, True, False),
    ("a list polled with its tag, by processor time", polls, True, False),
    ("submissions, 64 connections", submissions, False, True),
    ("tiny jobs", tiny_jobs, False, True),
    ("epochs", epochs, False, False),
]


def run(name, measure, pinned, fresh):
    found = {"old": [], "new": []}
    servers = {} if fresh else {build: Server(program, pinned) for build, program in programs.items()}
    try:
        for turn in range(rounds):
            # Whoever is first in a round may find another clock or cache: take turns.
            for build in ("old", "new") if turn % 2 == 0 else ("new", "old"):
                server = Server(programs[build], pinned) if fresh else servers[build]
                try:
                    found[build].append(measure(server))
                finally:
                    if fresh:
                        server.stop()
    finally:
        for server in servers.values():
            server.stop()
    ratios = [after / before for before, after in zip(found["old"], found["new"])]
    row = {
        "case": name, "old": statistics.median(found["old"]), "new": statistics.median(found["new"]),
        "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios), "floor": FLOOR,
    }  # fmt: skip
    verdict = "holds" if row["ratio"] >= FLOOR else "BELOW THE FLOOR"
    print("{case}: {old:.1f}, new {new:.1f}, ratio {ratio:.3f} ({ratio_min:.3f} to {ratio_max:.3f}, at least {floor}): "
          .format(**row) + verdict, flush=True)  # fmt: skip
    return row


rows = [run(*case) for case in CASES if re.search(wanted, case[0])]
output.write_text(json.dumps(rows, indent=2) + "\n")
