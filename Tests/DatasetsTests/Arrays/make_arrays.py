#!/usr/bin/env python3
"""Writes the NPZ files that the tests read, with numpy itself: pip install numpy==2.4.6."""

import io
import pathlib

import numpy

here = pathlib.Path(__file__).parent
x = (numpy.arange(6 * 4 * 3) % 251).astype(numpy.uint8).reshape(6, 4, 3)
labels = numpy.array([0, 1, -1, 1, 0, 1])
names = numpy.array(["alex", "bob", "", "日本", "bob", "alex"])

numpy.savez(here / "stored.npz", x=x, digit=labels, name=names)
numpy.savez_compressed(here / "deflated.npz", x=x, digit=labels, name=names)
numpy.savez_compressed(
    here / "types.npz",
    b1=numpy.array([True, False, True]),
    u2=numpy.array([0, 1, 65535], dtype="<u2"),
    u8=numpy.array([0, 1, 2**64 - 1], dtype="<u8"),
    i1=numpy.array([-128, 0, 127], dtype="i1"),
    i4be=numpy.array([-7, 0, 7], dtype=">i4"),
    i8=numpy.array([-(2**63), 0, 2**63 - 1], dtype="<i8"),
    f2=numpy.array([0.5, numpy.nan, -65504], dtype="<f2"),
    f4=numpy.array([1, 2, 3], dtype="<f4"),
    f8be=numpy.array([0.1, numpy.nan, 5e-324], dtype=">f8"),
    s5=numpy.array([b"abc", b"", b"12345"]),
    grid=numpy.array([[1.5, numpy.nan], [2, 3], [4, 5]], dtype="f8"),
)
colour = numpy.linspace(0, 1, 5 * 2 * 2 * 3, dtype="f4").reshape(5, 2, 2, 3)
numpy.savez(here / "colour.npz", x=colour, y=numpy.array([[0.0, 1], [1, 0], [1, numpy.nan], [0, 0], [1, 1]]))
numpy.savez(here / "fortran.npz", x=numpy.asfortranarray(numpy.zeros((3, 2))))
numpy.savez(here / "object.npz", x=numpy.array([{}, [], None], dtype=object))
numpy.savez(here / "structured.npz", x=numpy.zeros(3, dtype=[("a", "f4")]))
numpy.savez(here / "complex.npz", x=numpy.zeros(3, dtype="c8"))
numpy.savez(here / "ragged.npz", x=numpy.zeros((3, 2)), y=numpy.zeros(4))
numpy.savez(here / "scalar.npz", x=numpy.float32(1))
numpy.savez(here / "empty.npz", x=numpy.zeros((0, 3)))
numpy.savez(here / "infinite.npz", x=numpy.array([1, numpy.inf]))
numpy.savez(here / "hole.npz", x=numpy.full((2, 2, 2), numpy.nan))
numpy.savez(here / "none.npz")
