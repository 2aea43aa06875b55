"""Measures our server and its peers in turn, server on core 0 and load on core 1: measure.py OUTPUT [rounds] [seconds] [cases].

A row: case, medians of ours and the peer, unit, the median, least and largest ratio over the rounds, and the ratio wanted. For
figures where less is better the ratio is peer over ours; the peer `limit` is a fixed figure. `cases` is a regular expression
that picks some.
"""
import json
import pathlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time

import servers

output = pathlib.Path(sys.argv[1])
rounds, seconds, wanted = [*sys.argv[2:], *["5", "3", ""][len(sys.argv) - 2:]]
rounds, seconds = int(rounds), int(seconds)
IDLE_CONNECTIONS = 10_000


def load(*command):
    return subprocess.run(["taskset", "-c", "1", *command], capture_output=True, text=True, check=True, timeout=120).stdout


def http1(connections):
    def measure(server):
        text = load("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", server.url)
        if "Non-2xx" in text or re.search(r"Socket errors: connect [1-9]", text):
            sys.exit(text)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return measure


def http2(targets):
    """Asks for so many targets in turn: with more than one, each header list of a connection differs from the one before."""
    def measure(server):
        urls = [server.url, *(f"{server.url}?{number}" for number in range(1, targets))]
        text = load("h2load", "-t1", "-c64", "-m10", "-D", str(seconds), *urls)
        if " 0 failed, 0 errored" not in text:
            sys.exit(text)
        return float(re.search(r"([\d.]+) req/s", text)[1])
    return measure


def row(case, unit, ours, peer, peer_name, floor, less_is_better=False):
    ratios = [(theirs / mine if less_is_better else mine / theirs) for mine, theirs in zip(ours, peer)]
    found = {
        "case": case, "ours": statistics.median(ours), "peer": statistics.median(peer), "peer_name": peer_name, "unit": unit,
        "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios), "floor": floor}
    print("{case}: {ours:.1f} {unit}, {peer_name} {peer:.1f}, ratio {ratio:.2f} ({ratio_min:.2f} to {ratio_max:.2f}, "
          "at least {floor})".format(**found), flush=True)
    return [found]


def compare(case, measure, start_ours, start_peer, floor):
    ours, theirs = start_ours(), start_peer()
    try:
        for server in (ours, theirs):
            server.connect().close()
        pairs = [(measure(ours), measure(theirs)) for _ in range(rounds)]
    finally:
        ours.stop()
        theirs.stop()
    return row(case, "1/s", [pair[0] for pair in pairs], [pair[1] for pair in pairs], start_peer.__name__, floor)


def idle():
    """What connections cost that are idle, each after one request: memory beside and with the rest, and processor time."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * IDLE_CONNECTIONS), hard))
    server = servers.tenbin("idle")
    streams = []
    try:
        server.connect().close()
        time.sleep(1)
        before = server.resident_megabytes()
        for _ in range(IDLE_CONNECTIONS):
            stream = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            server.ask(stream)
            streams.append(stream)
        after = server.resident_megabytes()
        begun = server.processor_seconds()
        time.sleep(10)
        share = (server.processor_seconds() - begun) / 10 * 100
    finally:
        for stream in streams:
            stream.close()
        server.stop()
    name = f"{IDLE_CONNECTIONS} idle connections"
    return (
        row(f"{name}, growth of memory", "MB", [after - before], [20.0], "limit", 1, True)
        + row(f"{name}, memory in all", "MB", [after], [60.0], "limit", 1, True)
        # A tenth of a percent is one tick of the clock that counts.
        + row(f"{name}, processor", "%", [max(share, 0.1)], [1.0], "limit", 1, True))


def allocations():
    """How often memory is asked for a request, by its header fields: no request equals the one before."""
    server = servers.echo(preload=output.parent / "allocations.so")
    rows = []
    try:
        with server.connect() as stream:
            def ask(path, fields):
                lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
                stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
                return stream.recv(4096)

            def count():
                return int(ask("/allocations", []).rsplit(b"\r\n\r\n", 1)[1])

            def cost(fields):
                for number in range(-10, 1000):
                    if number == 0:
                        before = count()
                    ask("/", [(name, f"{number:05}{value}") for name, value in fields])
                return (count() - before) / 1000

            # All in one line of the table of common names, so that each is one name and no other.
            short = [(name, "a") for name in ("Accept", "Range", "Cookie", "Referer", "Origin", "If-Match", "User-Agent", "TE")]
            bare, eight = cost(short[:1]), cost(short)
            long = cost([(name, "a" * 40) for name, _ in short])
            made_up = cost([(f"X-Own-{number}", "a") for number in range(8)])
            # The list of fields grows three times on its way to eight; a value that is no small string is kept in memory of
            # its own, and so would be a name.
            for name, found, limit in [
                    ("1 field", bare, 4), ("8 fields", eight, bare + 3.5), ("8 fields of 45 characters", long, eight + 8.5),
                    ("8 fields of other names", made_up, eight + 0.5)]:
                rows += row(f"memory asked for by a request with {name}", "times", [found], [limit], "limit", 1, True)
    finally:
        server.stop()
    return rows


def first_answers():
    found = []
    for number in range(rounds + 1):
        server = servers.tenbin("starts")
        found.append(server.milliseconds_to_first_answer())
        server.stop()
    # The first start makes the store.
    return row("start to first answer, store opened", "ms", found[1:], [60.0] * rounds, "limit", 1, True)


JSON, JOB, H2 = "small JSON, keep-alive, ", "GET /v1/jobs/{id}, ", "HTTP/2, 64 connections x 10 streams"
CASES = [
    (JSON + "64 connections", lambda name: compare(name, http1(64), servers.echo, servers.nginx, 0.7)),
    (JSON + "512 connections", lambda name: compare(name, http1(512), servers.echo, servers.nginx, 0.7)),
    (JSON + "64 connections, bare NIO", lambda name: compare(name, http1(64), servers.echo, servers.nio, 1)),
    (JSON + "64 connections, /healthz", lambda name: compare(name, http1(64), servers.tenbin, servers.nginx, 0.7)),
    (JOB + "64 connections", lambda name: compare(name, http1(64), servers.tenbin_with_job, servers.hummingbird, 3)),
    (JOB + "512 connections", lambda name: compare(name, http1(512), servers.tenbin_with_job, servers.hummingbird, 3)),
    (JOB + "1 connection", lambda name: compare(name, http1(1), servers.tenbin_with_job, servers.hummingbird, 1.5)),
    (H2, lambda name: compare(name, http2(1), servers.echo, servers.nghttpd, 0.7)),
    (H2 + ", /healthz", lambda name: compare(name, http2(1), servers.tenbin, servers.nghttpd, 0.5)),
    (H2 + ", 8 targets in turn", lambda name: compare(name, http2(8), servers.echo, servers.nghttpd, 0.7)),
    ("idle connections", lambda name: idle()),
    ("allocations", lambda name: allocations()),
    ("start to first answer", lambda name: first_answers()),
]
try:
    rows = [line for name, run in CASES if re.search(wanted, name) for line in run(name)]
finally:
    shutil.rmtree(servers.folder, ignore_errors=True)
output.write_text(json.dumps(rows, indent=2) + "\n")
