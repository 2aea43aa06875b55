"""Measures the echo server and its peers in turn, server on core 0 and load on core 1: measure.py ECHO OUTPUT [rounds] [seconds].

A row: case, medians of ours and the peer, unit, the median, least and largest ratio over the rounds, and the ratio wanted. For
figures where less is better the ratio is peer over ours; the peer `limit` is a fixed figure.
"""
import json
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SMALL = '{"id":"job_0190b6a7-7d5c-7e6e-8f1e-0123456789ab","state":"running","epoch":12}'
echo, output = sys.argv[1], pathlib.Path(sys.argv[2])
rounds, seconds = (int(argument) for argument in (sys.argv[3:] + ["5", "3"][len(sys.argv[3:]):]))
folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-http-"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A server under measurement, pinned to core 0."""

    def __init__(self, *command, port):
        self.port = port
        self.begun = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", "0", *map(str, command)], stdout=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}/"

    def wait(self):
        while time.monotonic() < self.begun + 10:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=5)
            except ConnectionRefusedError:
                time.sleep(0.0005)
        sys.exit("a server did not start")

    def milliseconds_to_first_answer(self):
        with self.wait() as stream:
            stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            stream.recv(4096)
        return (time.monotonic() - self.begun) * 1000

    def resident_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def start_ours():
    port = free_port()
    return Peer(echo, "--port", port, port=port)


def start_nginx():
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null; events {{ worker_connections 4096; }}"
        f"http {{ access_log off; keepalive_requests 1000000000; server {{ listen 127.0.0.1:{port};"
        f" location / {{ default_type application/json; return 200 '{SMALL}'; }} }} }}")
    return Peer("nginx", "-c", configuration, port=port)


def start_nghttpd():
    port = free_port()
    (folder / "index.html").write_text(SMALL)
    return Peer("nghttpd", "--no-tls", "-d", folder, port, port=port)


def load(*command):
    return subprocess.run(["taskset", "-c", "1", *command], capture_output=True, text=True, check=True, timeout=120).stdout


def http1(connections):
    def measure(peer):
        text = load("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", peer.url)
        if "Non-2xx" in text or "Socket errors" in text:
            sys.exit(text)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return measure


def http2(peer):
    text = load("h2load", "-t1", "-c64", "-m10", "-D", str(seconds), peer.url)
    if " 0 failed, 0 errored" not in text:
        sys.exit(text)
    return float(re.search(r"([\d.]+) req/s", text)[1])


def row(case, unit, ours, peer, peer_name, floor, less_is_better=False):
    ratios = [(theirs / mine if less_is_better else mine / theirs) for mine, theirs in zip(ours, peer)]
    found = {
        "case": case, "ours": statistics.median(ours), "peer": statistics.median(peer), "peer_name": peer_name, "unit": unit,
        "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios), "floor": floor}
    print("{case}: {ours:.1f} {unit}, {peer_name} {peer:.1f}, ratio {ratio:.2f} (at least {floor})".format(**found))
    return found


def compare(case, measure, start_peer, peer_name, floor):
    ours, theirs = start_ours(), start_peer()
    try:
        for peer in (ours, theirs):
            peer.wait().close()
        pairs = [(measure(ours), measure(theirs)) for _ in range(rounds)]
    finally:
        ours.stop()
        theirs.stop()
    return row(case, "1/s", [pair[0] for pair in pairs], [pair[1] for pair in pairs], peer_name, floor)


def idle_growth():
    """Megabytes that 10,000 idle connections add, each after one request."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    peer = start_ours()
    streams = []
    try:
        peer.wait().close()
        before = peer.resident_megabytes()
        for _ in range(10_000):
            stream = socket.create_connection(("127.0.0.1", peer.port), timeout=10)
            stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            stream.recv(4096)
            streams.append(stream)
        return peer.resident_megabytes() - before
    finally:
        for stream in streams:
            stream.close()
        peer.stop()


def first_answers():
    found = []
    for _ in range(rounds):
        peer = start_ours()
        found.append(peer.milliseconds_to_first_answer())
        peer.stop()
    return found


rows = [
    compare("small JSON, keep-alive, 64 connections", http1(64), start_nginx, "nginx", 0.7),
    compare("small JSON, keep-alive, 512 connections", http1(512), start_nginx, "nginx", 0.7),
    compare("HTTP/2, 64 connections x 10 streams", http2, start_nghttpd, "nghttpd", 0.7),
    row("10,000 idle connections, growth of memory", "MB", [idle_growth()], [20.0], "limit", 1, True),
]
starts = first_answers()
rows.append(row("start to first answer", "ms", starts, [60.0] * len(starts), "limit", 1, True))
output.write_text(json.dumps(rows, indent=2) + "\n")
