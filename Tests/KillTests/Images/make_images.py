#!/usr/bin/env python3
"""Writes the images that jobs are killed and interrupted over, with numpy: pip install numpy==2.4.6."""

import pathlib

import numpy

rows = 64
random = numpy.random.default_rng(7)
kind = random.integers(0, 3, rows)
amount = random.uniform(-1, 1, rows)
# The kind is where the bright stripe is, the amount how bright the rest.
x = random.integers(0, 60, (rows, 8, 8, 3))
x += ((amount + 1) * 40).astype(int)[:, None, None, None]
for row in range(rows):
    x[row, kind[row] * 2 : kind[row] * 2 + 3, :, kind[row]] += 90
numpy.savez_compressed(
    pathlib.Path(__file__).parent / "images.npz",
    x=x.clip(0, 255).astype(numpy.uint8),
    kind=kind,
    amount=amount.astype("f4"),
)

# As large as those of the usual data sets, and plain, so that the file is small.
kind = numpy.arange(160) % 3
plain = numpy.zeros((160, 32, 32, 3), dtype=numpy.uint8)
plain[:] = (kind * 80)[:, None, None, None]
numpy.savez_compressed(pathlib.Path(__file__).parent / "plain.npz", x=plain, kind=kind)
