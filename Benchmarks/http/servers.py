"""The servers that are measured: ours and its peers, each pinned to core 0."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

SMALL = '{"id":"job_0190b6a7-7d5c-7e6e-8f1e-0123456789ab","state":"running","epoch":12}'
ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = ROOT / ".build-release/release"
PEERS = ROOT / "Benchmarks/Peers/.build/release"
folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-http-"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server. `path` is what is asked of it."""

    def __init__(self, *command, port, path="/", preload=None):
        self.port, self.path = port, path
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | ({"LD_PRELOAD": str(preload)} if preload else {}))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.path}"

    def connect(self):
        while time.monotonic() < self.begun + 20:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=5)
            except ConnectionRefusedError:
                time.sleep(0.0005)
        sys.exit(f"a server did not start: {self.process.args}")

    def ask(self, stream):
        stream.sendall(f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return stream.recv(4096)

    def milliseconds_to_first_answer(self):
        with self.connect() as stream:
            if b" 200 " not in self.ask(stream):
                sys.exit("the first answer is no success")
        return (time.monotonic() - self.begun) * 1000

    def resident_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def echo(preload=None):
    """Our transport with nothing behind it."""
    port = free_port()
    return Server(BUILT / "HTTPEcho", "--port", port, port=port, preload=preload)


def tenbin(data="data", path="/healthz"):
    """The real server with one event loop, its store in a folder of that name."""
    port = free_port()
    return Server(
        BUILT / "tenbin", "serve", "--data-dir", folder / data, "--port", port, "--loops", 1, "--workers", 1, port=port,
        path=path)


def tenbin_with_job():
    """The real server, asked for a job that has been trained."""
    server = tenbin("jobs")
    server.connect().close()

    def call(path, body=None, kind="application/json"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}{path}", data=body, headers={"Content-Type": kind} if body else {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    jobs = call("/v1/jobs")["items"]
    if not jobs:
        digits = (ROOT / "Examples/data/digits.csv").read_bytes()
        dataset = call("/v1/datasets?name=digits", digits, "text/csv")["id"]
        spec = {"dataset": dataset, "epochs": 2, "tasks": [{"target": "digit", "type": "classification"}]}
        jobs = [call("/v1/jobs", json.dumps(spec).encode())]
    server.path = "/v1/jobs/" + jobs[0]["id"]
    while call(server.path)["state"] != "succeeded":
        time.sleep(0.1)
    return server


def nginx():
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;"
        "events { worker_connections 4096; }"
        f"http {{ access_log off; keepalive_requests 1000000000; server {{ listen 127.0.0.1:{port};"
        f" location / {{ default_type application/json; return 200 '{SMALL}'; }} }} }}")
    return Server("nginx", "-c", configuration, port=port)


def nghttpd():
    port = free_port()
    (folder / "index.html").write_text(SMALL)
    return Server("nghttpd", "--no-tls", "-d", folder, port, port=port)


def nio():
    port = free_port()
    return Server(PEERS / "NIOPeer", port, port=port)


def hummingbird():
    port = free_port()
    return Server(
        PEERS / "HummingbirdPeer", port, port=port, path="/v1/jobs/job_0190b6a7-7d5c-7e6e-8f1e-0123456789ab")
