#!/usr/bin/env python3
"""Writes the seed inputs of the HTTP fuzzers: python3 Fuzz/make_http_corpus.py."""

import pathlib
import struct

here = pathlib.Path(__file__).parent / "Corpus"


def write(folder, inputs):
    (here / folder).mkdir(parents=True, exist_ok=True)
    for name, content in inputs.items():
        (here / folder / name).write_bytes(content)


host = b"Host: localhost\r\n"
write("HTTP1", {
    "get": b"GET /v1/jobs?state=running HTTP/1.1\r\n" + host + b"Accept: */*\r\n\r\n",
    "pipeline": b"\r\nGET / HTTP/1.1\r\n" + host + b"\r\nHEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "absolute": b"GET http://[::1]:8080/a%20b HTTP/1.1\r\n" + host + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n",
    "connect": b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n",
    "length": b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 5, 5\r\nExpect: 100-continue\r\n\r\nhello",
    "chunked": b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n"
    b"5;a=\"b\";c\r\nhello\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n",
    "smuggle": b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "upgrade": b"GET / HTTP/1.1\r\n" + host + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABk\r\n\r\n",
    "broken": b"GET / HTTP/1.1\r\nHost : a\r\n b\r\n\r\n",
})


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text(value):
    return bytes([len(value)]) + value


def block(method=b"GET", path=b"/", **more):
    fields = {b":method": method, b":scheme": b"http", b":path": path, b":authority": b"localhost"}
    fields.update({name.replace("_", "-").encode(): value for name, value in more.items()})
    return b"".join(b"\0" + text(name) + text(value) for name, value in fields.items())


DATA, HEADERS, PRIORITY, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
start = frame(SETTINGS) + frame(SETTINGS, 1)


def case(*frames, pieces=255, upgraded=0, choices=bytes(8)):
    return bytes([pieces, upgraded, 0, 3, 0, 0, 0, 100]) + choices + start + b"".join(frames)


whole, begun = 5, 4
write("HTTP2", {
    "get": case(frame(HEADERS, whole, 1, block())),
    "post": case(frame(HEADERS, begun, 1, block(b"POST", content_length=b"6")), frame(DATA, 0, 1, b"abc"),
                 frame(DATA, 1, 1, b"def"), choices=bytes([0, 4, 2, 9, 1, 9, 1, 0])),
    "trailers": case(frame(HEADERS, begun, 1, block(b"POST")), frame(DATA, 8, 1, b"\2abc\0\0"),
                     frame(HEADERS, whole, 1, b"\0" + text(b"x") + text(b"y")), choices=bytes([0, 2] * 4)),
    "streams": case(*[frame(HEADERS, whole, 2 * n + 1, block(path=b"/%d" % n)) for n in range(10)]),
    "passed_over": case(frame(HEADERS, whole, 7, block()), frame(HEADERS, whole, 3, block())),
    "reset": case(frame(HEADERS, begun, 1, block()), frame(RESET, 0, 1, b"\0\0\0\x08"), frame(DATA, 0, 1, b"late"),
                  choices=bytes([0, 1] * 4)),
    "continuation": case(frame(HEADERS, 1, 1, block()[:20]), frame(CONTINUATION, 4, 1, block()[20:]), pieces=1),
    "windows": case(frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\x03"), frame(HEADERS, whole, 1, block()),
                    frame(WINDOW, 0, 1, b"\0\0\0\x64"), frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"),
                    choices=bytes([2] * 8)),
    "indexed": case(frame(HEADERS, whole, 1, b"\x82\x84\x86\x41\x01\x61\x40\x01x\x01y"),
                    frame(HEADERS, whole, 3, b"\x82\x84\x86\xbf\xbe")),
    "priority": case(frame(PRIORITY, 0, 3, b"\0\0\0\x01\x10"), frame(HEADERS, whole | 32, 3, b"\0\0\0\0\xff" + block())),
    "odds": case(frame(PING, 0, 0, b"01234567"), frame(22, 9, 0, b"unknown"), frame(GOAWAY, 0, 0, bytes(8))),
    "upgraded": case(frame(HEADERS, whole, 3, block()), upgraded=1, choices=bytes([3] * 8)),
})
