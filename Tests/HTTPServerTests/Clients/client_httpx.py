"""Talks to the server through httpx, with and without HTTP/2: client_httpx.py PORT."""
import sys

import httpx

base = f"http://127.0.0.1:{sys.argv[1]}"
for settings in ({"http1": True, "http2": False}, {"http1": False, "http2": True}):
    with httpx.Client(base_url=base, trust_env=False, timeout=10, **settings) as client:
        for number in range(10):
            answer = client.get(f"/{number}")
            assert answer.status_code == 200 and answer.text == f"hello /{number}", answer
        answer = client.post("/", content=iter([b"a" * 70_000, b"b" * 70_000]))
        assert answer.content == b"a" * 70_000 + b"b" * 70_000
        assert answer.http_version == ("HTTP/2" if settings["http2"] else "HTTP/1.1")
print("content")
