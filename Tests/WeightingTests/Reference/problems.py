"""The seeded losses and gradients of the reference values; ReferenceProblem.swift makes the same ones.

All numbers are small integers times powers of two, so both sides hold exactly the same values.
"""

import math

import numpy as np

WIDTH = 16
STEPS = 50
STEPS_PER_EPOCH = 5
RECORDED = [1, 2, 3, 5, 6, 11, 12, 20, 31, 40, 50]

# name: tasks, how much they share (in quarters; every other task shares its negative where it fights), log2 of the
# largest factor between them, seed.
CASES = {
    "fighting": dict(tasks=3, shared=8, fights=True, spread=0, seed=1),
    "aligned": dict(tasks=4, shared=8, fights=False, spread=3, seed=2),
    "unlike": dict(tasks=5, shared=2, fights=True, spread=10, seed=3),
    "many": dict(tasks=10, shared=1, fights=False, spread=5, seed=4),
}

MASK = (1 << 64) - 1


class Generator:
    """SplitMix64, and the draws made from it."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def integer(self, bound):
        return self.next() % bound

    def uniform(self):
        return ((self.next() >> 11) + 0.5) * 2.0**-53

    def normal(self):
        radius = math.sqrt(-2 * math.log(self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())

    def permutation(self, count):
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = int(self.uniform() * (last + 1))
            order[last], order[other] = order[other], order[last]
        return order


class Problem:
    """A case's tasks, step by step (steps count from 1)."""

    def __init__(self, name):
        case = CASES[name]
        self.name, self.tasks = name, case["tasks"]
        self.shared, self.fights, self.seed = case["shared"], case["fights"], case["seed"]
        generator = Generator(case["seed"])
        spread = case["spread"]
        self.exponents = [generator.integer(2 * spread + 1) - spread for _ in range(self.tasks)]

    def _gradients(self, generator):
        shared = [generator.integer(8193) - 4096 for _ in range(WIDTH)]
        rows = []
        for task in range(self.tasks):
            sign = -1 if self.fights and task % 2 == 1 else 1
            row = [4 * (generator.integer(8193) - 4096) + sign * self.shared * part for part in shared]
            rows.append([value * 2.0 ** (self.exponents[task] - 12) for value in row])
        return np.array(rows)

    def _losses(self, generator):
        return np.array([(generator.integer(4096) + 256) * 2.0 ** (e - 11) for e in self.exponents])

    def step(self, step):
        """(losses, losses after the step, gradients, gradients of two further mini-batches)."""
        generator = Generator(self.seed * 1000 + step)
        losses = self._losses(generator)
        after = losses * np.array([(generator.integer(256) + 768) / 1024 for _ in range(self.tasks)])
        return losses, after, self._gradients(generator), self._gradients(generator), self._gradients(generator)

    def draws(self, step):
        return Generator(self.seed * 1_000_000 + step)

    def mean_losses(self, epoch):
        """The mean losses of an epoch (they count from 1)."""
        first = (epoch - 1) * STEPS_PER_EPOCH + 1
        return np.mean([self.step(s)[0] for s in range(first, first + STEPS_PER_EPOCH)], axis=0)
