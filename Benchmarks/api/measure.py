"""What watching costs: processor time of polling with entity tags, memory and training speed under idle event streams.

usage: measure.py TENBIN OUTPUT [ROUNDS] [SECONDS]

Only what /openapi.yaml tells is used: GET with If-None-Match, and text/event-stream by Accept.
"""

import http.client
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

tenbin, output = sys.argv[1], pathlib.Path(sys.argv[2])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
seconds = int(sys.argv[4]) if len(sys.argv) > 4 else 20
digits = pathlib.Path(__file__).parents[2] / "Examples/data/digits.csv"
TICKS = os.sysconf("SC_CLK_TCK")
STREAMS = 1_000


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tenbin-bench-")
        self.process = subprocess.Popen(
            [tenbin, "serve", "--port", "0", "--data-dir", self.folder, "--workers", "1", "--loops", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, target, body=None, fields={}):
        self.connection.request(method, target, body, dict(fields))
        response = self.connection.getresponse()
        return response, response.read()

    def json(self, method, target, body=None, type="application/json"):
        response, text = self.ask(method, target, body, {"Content-Type": type} if body else {})
        if response.status >= 400:
            sys.exit(text.decode())
        return json.loads(text)

    def upload(self):
        return self.json("POST", "/v1/datasets?name=digits", digits.read_bytes(), "text/csv")["id"]

    def submit(self, dataset, **members):
        tasks = [{"target": name, "type": "classification"} for name in ("digit", "parity", "ge5")]
        return self.json("POST", "/v1/jobs", json.dumps({"dataset": dataset, "tasks": tasks, **members}))["id"]

    def paused(self, dataset, count):
        """Jobs that wait and do nothing else: a long one keeps the worker busy until they are paused."""
        long = self.submit(dataset, epochs=100_000)
        jobs = [self.submit(dataset) for _ in range(count)]
        for job in jobs:
            self.json("POST", f"/v1/jobs/{job}/pause")
        self.json("POST", f"/v1/jobs/{long}/cancel")
        while self.json("GET", f"/v1/jobs/{long}")["state"] != "cancelled":
            self.ask("GET", f"/v1/jobs/{long}", fields={"Prefer": "wait=5"})
        return jobs

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self):
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def row(case, unit, ours, peer, peer_name, floor):
    """Less is better: a ratio above one is that many times better than the peer."""
    ratios = [theirs / mine for mine, theirs in zip(ours, peer)]
    found = {
        "case": case, "ours": statistics.median(ours), "peer": statistics.median(peer), "peer_name": peer_name,
        "unit": unit, "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios),
        "floor": floor}
    verdict = "holds" if found["ratio"] >= floor else "BELOW THE FLOOR"
    print("{case}: {ours:.3f} {unit}, {peer_name} {peer:.3f}, ratio {ratio:.2f} (at least {floor}): ".format(**found)
          + verdict, flush=True)
    return found


def share_of_a_core(server, poll):
    """Percent of one core while `poll` runs once a second."""
    poll()
    before, start = server.processor_seconds(), time.monotonic()
    for turn in range(1, seconds + 1):
        poll()
        time.sleep(max(0, start + turn - time.monotonic()))
    return 100 * (server.processor_seconds() - before) / (time.monotonic() - start)


def polling():
    """A hundred jobs that wait, each asked for every second; and the list of them."""
    server = Server()
    try:
        jobs = server.paused(server.upload(), 100)
        tags = {}

        def poll(target):
            response, _ = server.ask("GET", target, fields={"If-None-Match": tags[target]} if target in tags else {})
            if response.status not in (200, 304) or (target in tags and response.status != 304):
                sys.exit(f"{target}: {response.status}")
            tags[target] = response.headers["ETag"]

        each = [share_of_a_core(server, lambda: [poll(f"/v1/jobs/{job}") for job in jobs]) for _ in range(rounds)]
        list_ = [share_of_a_core(server, lambda: poll("/v1/jobs?page_size=100")) for _ in range(rounds)]
        nothing = share_of_a_core(server, lambda: None)
        print(f"(with nobody asking: {nothing:.3f} %)")
        limit = [1.0] * rounds
        # The clock of /proc moves in hundredths of a second.
        floor_of_clock = 100 / TICKS / seconds
        return [
            row("100 jobs polled every second with tags", "% of a core",
                [max(x, floor_of_clock) for x in each], limit, "the promise", 1),
            row("the list of 100 jobs polled every second with its tag", "% of a core",
                [max(x, floor_of_clock) for x in list_], limit, "the promise", 1),
        ]
    finally:
        server.stop()


def open_streams(server, job):
    streams = []
    for _ in range(STREAMS):
        stream = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        stream.sendall(
            f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
        streams.append(stream)
    for stream in streams:
        while b"event:" not in stream.recv(65536):
            pass
    return streams


def streaming():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    server = Server()
    try:
        dataset = server.upload()
        (quiet_job,) = server.paused(dataset, 1)
        before = server.resident_bytes()
        streams = open_streams(server, quiet_job)
        each = (server.resident_bytes() - before) / STREAMS / 1024
        for stream in streams:
            stream.close()

        def seconds_per_epoch():
            """The mean over a fixed piece of work, told by the server itself; the first epoch warms up."""
            job = server.submit(dataset, epochs=120, model={"encoder": {"type": "mlp", "hidden": [256, 128]}})
            while server.json("GET", f"/v1/jobs/{job}")["state"] not in ("succeeded", "failed"):
                server.ask("GET", f"/v1/jobs/{job}", fields={"Prefer": "wait=30"})
            epochs = server.json("GET", f"/v1/jobs/{job}/epochs?since=1")["items"]
            return statistics.mean(epoch["seconds"] for epoch in epochs) * 1e3

        seconds_per_epoch()
        alone, watched = [], []
        for _ in range(rounds):
            alone.append(seconds_per_epoch())
            streams = open_streams(server, quiet_job)
            watched.append(seconds_per_epoch())
            for stream in streams:
                stream.close()
        return [
            row(f"{STREAMS} idle event streams, memory of each", "KiB", [each], [64.0], "the promise", 1),
            row(f"an epoch under {STREAMS} idle event streams", "ms", watched, alone, "the same without", 0.98),
        ]
    finally:
        server.stop()


rows = polling() + streaming()
output.write_text(json.dumps(rows, indent=2) + "\n")
