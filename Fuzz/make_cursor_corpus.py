#!/usr/bin/env python3
"""Writes the seed inputs of the fuzzer of cursors: python3 Fuzz/make_cursor_corpus.py."""

import pathlib

here = pathlib.Path(__file__).parent / "Corpus" / "Cursors"
here.mkdir(parents=True, exist_ok=True)

# The list, the slot (page token, since, Last-Event-ID, If-None-Match, If-Match, Idempotency-Key), and twice which real word
# to begin with, plus one for a stream. A number beyond the real words leaves the rest as it is.
own = {0: 255, 1: 2 * 2, 2: 2 * 2, 3: 255, 4: 255, 5: 2}
seeds = {
    "token": (0, 0, 0, b"\x00\x00z"), "token_own": (0, 0, 254, b"1-0123456789abcdef-nzz"),
    "token_key": (1, 0, 2, b"\x02\x05-"), "token_tail": (9, 0, 12, b"\x00\x01a"),
    "since": (9, 1, 0, b"\x01\x01\x00"), "since_id": (5, 1, 2, b"\x00\x009"),
    "since_own": (9, 1, own[1], b"0badc0de-999999999999999999"), "since_epochs": (10, 1, own[1], b"99999"),
    "since_stream": (9, 1, own[1] | 1, b"0badc0de-7"),
    "last_event": (5, 2, 3, b"\x02\x09\x30"), "last_event_own": (9, 2, own[2] | 1, b"99999999"),
    "last_event_job": (9, 2, 1, b"\x00\x002"),
    "tags": (0, 3, 0, b'\x02\x00"\x02\x00,'), "tags_list": (0, 3, 254, b'W/"a", "b",*, "'),
    "match": (15, 4, 254, b'"1.2.3.json", W/"x"'), "match_real": (15, 4, 30, b"\x00\x021"),
    "key": (0, 5, 0, b"\x02\x04x"), "key_own": (0, 5, own[5], b"~" * 255),
}
for name, (chosen, slot, word, rest) in seeds.items():
    (here / name).write_bytes(bytes([chosen, slot, word]) + rest)
