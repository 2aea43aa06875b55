#!/usr/bin/env python3
"""Writes the seed inputs of the store's fuzzers: python3 Fuzz/make_store_corpus.py.

An input is a list of changes to bytes that the fuzzer has made itself: an offset of three bytes, a count, and the bytes.
"""

import pathlib
import random

here = pathlib.Path(__file__).parent / "Corpus"
PAGE = 4096


def change(offset, content):
    return bytes([offset >> 16 & 255, offset >> 8 & 255, offset & 255, len(content) - 1]) + content


def write(folder, inputs, prefix=b""):
    (here / folder).mkdir(parents=True, exist_ok=True)
    for name, content in inputs.items():
        (here / folder / name).write_bytes(prefix + content)


generator = random.Random(1)
changes = {
    "none": b"",
    "version": change(60, b"\0\0\0\x05"),
    "header": change(16, b"\x02\0"),
    "schema": change(100, b"\x05\0\0"),
    "text": b"".join(change(page * PAGE + 3900, b"}{\"") for page in range(4, 60)),
    "numbers": b"".join(change(page * PAGE + 4000, b"\x7f\xff\xff\xff\xff\xff\xff\xff") for page in range(4, 60)),
    "pages": b"".join(change(page * PAGE, b"\x0d\0\0\0\1\x0f\xff") for page in range(1, 60, 3)),
    "cells": b"".join(change(page * PAGE + 8, b"\0\0\xff\xff") for page in range(1, 60)),
}
for number in range(12):
    changes[f"random-{number}"] = b"".join(
        change(generator.randrange(70 * PAGE), generator.randbytes(generator.randrange(1, 32))) for _ in range(4 << number % 5))
write("Database", changes)
for mode, name in [(1, "archive"), (2, "crafted")]:
    write("Backup", {f"{name}-{key}": value for key, value in changes.items()}, prefix=bytes([mode]))
write("Backup", {"raw-empty": bytes(2048), "raw-text": b"manifest.json"}, prefix=b"\0")
