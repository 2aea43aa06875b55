"""Numbers that both sides make by the same short formula, so that none need to be committed.

`ParityProblem.swift` says the same in Swift. Every number is a multiple of 1/1024, hence exact in either precision.
"""

import numpy as np
import torch

ROWS = 40
FEATURES = 6
TOKENS = 7
IDS = 20
STEPS = 30


def number(index, stream):
    """In [-1, 1)."""
    index = np.asarray(index, dtype=np.int64)
    return ((index * index * 31 + index * 17 + stream * 977) % 2039) / 1024 - 1


def numbers(shape, stream):
    return torch.tensor(number(np.arange(int(np.prod(shape))), stream).reshape(shape), dtype=torch.float64)


def whole(count, below, stream):
    index = np.arange(count, dtype=np.int64)
    return torch.tensor((index * index * 13 + index * 7 + stream * 5) % below)


def is_missing(count, stream):
    index = np.arange(count, dtype=np.int64)
    return torch.tensor((index * index + index + stream) % 4 == 0)


def features():
    return numbers((ROWS, FEATURES), 50)


def images(height, width, channels):
    """[rows, channels, height, width], from numbers that stand as [rows, height, width, channels]."""
    return numbers((ROWS, height, width, channels), 51).permute(0, 3, 1, 2).contiguous()


def texts():
    """Of every row its tokens, from 0 to 7; 0 is padding and never one of them."""
    ids = whole(ROWS * TOKENS, IDS - 1, 6).reshape(ROWS, TOKENS) + 1
    return [ids[row, : row % (TOKENS + 1)] for row in range(ROWS)]


def rows(step, batch):
    """Of step 0, 1, …"""
    return [(step * batch + row) % ROWS for row in range(batch)]
