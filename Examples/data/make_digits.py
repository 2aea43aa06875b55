#!/usr/bin/env python3
"""Writes digits.csv from the digits that ship in scikit-learn's package.

    python3 -m venv .venv
    .venv/bin/pip install scikit-learn==1.9.1
    .venv/bin/python Examples/data/make_digits.py

The 64 pixels of an 8×8 image (0 to 16, row by row) become the columns p0 … p63; behind them stand the three
targets: `digit`, `parity` (digit % 2) and `ge5` (digit >= 5). The rows keep the package's order. The script
fails when the package holds other digits than the ones digits.csv was made from.
"""

import csv
import gzip
import hashlib
import importlib.resources
import io
import pathlib
import sys

PIXELS = 64
ROWS = 1797
SHA256 = "bd7997923e5dfeb7bb7b39c2d3d6a7d0ad4f186a9721403d4f62e2fbda22d296"


def read_package():
    """Yields one row per image: 64 pixels and the digit."""
    packed = importlib.resources.files("sklearn") / "datasets" / "data" / "digits.csv.gz"
    with packed.open("rb") as file, gzip.open(file, "rt", encoding="ascii", newline="") as text:
        for row in csv.reader(text):
            yield [int(float(value)) for value in row]


def table(images):
    """The whole CSV as bytes, lines ended by a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"p{index}" for index in range(PIXELS)] + ["digit", "parity", "ge5"])
    count = 0
    for image in images:
        if len(image) != PIXELS + 1:
            raise ValueError(f"row {count + 1} has {len(image)} values, expected {PIXELS + 1}")
        digit = image[PIXELS]
        writer.writerow(image[:PIXELS] + [digit, digit % 2, int(digit >= 5)])
        count += 1
    if count != ROWS:
        raise ValueError(f"the package holds {count} digits, expected {ROWS}")
    return out.getvalue().encode("ascii")


def main():
    content = table(read_package())
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        sys.exit(f"digits.csv would have SHA-256 {digest}, expected {SHA256}; is it scikit-learn 1.9.1?")
    target = pathlib.Path(__file__).with_name("digits.csv")
    target.write_bytes(content)
    print(f"{target}: {ROWS} rows, {len(content)} bytes, SHA-256 {digest}")


if __name__ == "__main__":
    main()
