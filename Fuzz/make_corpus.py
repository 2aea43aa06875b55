#!/usr/bin/env python3
"""Writes the seed inputs of the data set fuzzers: python3 Fuzz/make_corpus.py (needs numpy)."""

import io
import pathlib

import numpy

here = pathlib.Path(__file__).parent / "Corpus"


def write(folder, inputs):
    (here / folder).mkdir(parents=True, exist_ok=True)
    for name, content in inputs.items():
        (here / folder / name).write_bytes(content)


def npz(compressed=False, **arrays):
    file = io.BytesIO()
    (numpy.savez_compressed if compressed else numpy.savez)(file, **arrays)
    return file.getvalue()


write("CSV", {
    "numbers": b"a,b,y\n1,2.5,0\n3,,1\n-4,1e3,0\n",
    "categories": b"c,d,y\r\nred,\"x,\"\"y\"\"\nz\",1\r\n,blue,0\r\ngreen,,1\r\n",
    "mark": b"\xef\xbb\xbfa,y\n007,yes\n1.50,no\nnan,yes\n\n",
    "unicode": "名,é\n天秤,1\n🎉,0\n".encode(),
    "broken": b"a,b\n1,\"2\n3,4,5\n",
    "latin": b"a,y\n\xe9,1\n",
})
write("JSONLines", {
    "text": b'{"text":"a stirring film","fine":4,"binary":1}\n{"text":"so-so","fine":2,"binary":null}\n',
    "arrays": b'{"v":[1,2.5,null],"y":0}\n{"v":null,"y":1}\n\n{"y":1,"v":[0,0,1e3]}\n',
    "kinds": '{"é":true,"s":"\\u00e9\\ud83c\\udf89","n":-0.5e-3,"y":"b"}\n{"é":false,"y":"a"}\n'.encode(),
    "broken": b'{"a":1}\n{"a":"x"}\n[1]\n{"a":',
})
x = numpy.arange(4 * 3 * 2, dtype="u1").reshape(4, 3, 2)
write("NPZ", {
    "stored": npz(x=x, y=numpy.array([0, 1, -1, 1])),
    "deflated": npz(True, x=x.astype("f4"), y=numpy.array(["a", "b", "", "a"])),
    "colour": npz(True, x=numpy.ones((3, 2, 2, 3), "f2"), y=numpy.array([[0.0, 1], [1, 0], [1, numpy.nan]])),
    "table": npz(x=numpy.eye(3), z=numpy.array([1.5, 2, 3], ">f8"), y=numpy.array([True, False, True])),
    "bytes": npz(x=numpy.array([b"ab", b"c"]), y=numpy.array([0.5, 2])),
    "fortran": npz(x=numpy.asfortranarray(numpy.zeros((2, 2))), y=numpy.arange(2)),
})
