"""PyTorch's side of the training benchmark: the same networks, the same protocol, one thread.

Usage: peer.py CASE eager|fused|compile. Answers each number of steps on the standard input with the seconds they took by
the clock and of the processor.
"""

import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(1)
BATCHES = 8


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20_000, 128)
        self.dense = nn.Linear(128, 128)

    def forward(self, x):
        return torch.relu(self.dense(self.embedding(x).mean(1)))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    width = 64
    for stage, outputs in enumerate([64, 128, 256, 512]):
        for index in range(2):
            layers.append(Block(width, outputs, 2 if stage > 0 and index == 0 else 1))
            width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def mlp(*sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 10, 9), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(500, 50), nn.ReLU())


def images(*shape):
    return lambda rows: torch.randn(rows, *shape)


# Trunk, its outputs, inputs, classes of each head (0: a regression), rows of a mini-batch, optimiser.
CASES = {
    "T1": (lambda: mlp(64, 256, 128), 128, images(64), [10, 0, 2], 128, "adam"),
    "T2": (lambda: mlp(784, 1024, 1024, 512), 512, images(784), [10, 10], 256, "adam"),
    "T3": (lenet, 50, images(1, 36, 36), [10, 10], 256, "adam"),
    "T4": (resnet18, 512, images(3, 32, 32), [100, 20], 64, "sgd"),
    "T5": (Text, 128, lambda rows: torch.randint(2, 20_000, (rows, 64)), [10, 2], 128, "adam"),
}


class Network(nn.Module):
    def __init__(self, trunk, width, heads):
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(nn.Linear(width, max(classes, 1)) for classes in heads)

    def forward(self, x):
        trunk = self.trunk(x)
        return [head(trunk) for head in self.heads]


def main(case, mode):
    make_trunk, width, make_inputs, heads, batch, optimizer = CASES[case]
    network = Network(make_trunk(), width, heads)
    inputs = make_inputs(batch * BATCHES)
    targets = [
        torch.randint(classes, (batch * BATCHES,)) if classes else torch.randn(batch * BATCHES, 1)
        for classes in heads
    ]
    losses = [nn.CrossEntropyLoss() if classes else nn.MSELoss() for classes in heads]
    extra = {"fused": True} if mode == "fused" else {}
    if optimizer == "adam":
        optimizer = torch.optim.Adam(network.parameters(), lr=0.001, **extra)
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, **extra)
    forward = torch.compile(network) if mode == "compile" else network
    next_batch = 0

    def step():
        nonlocal next_batch
        rows = slice(next_batch * batch, (next_batch + 1) * batch)
        next_batch = (next_batch + 1) % BATCHES
        optimizer.zero_grad()
        outputs = forward(inputs[rows])
        total = sum(loss(output, target[rows]) for loss, output, target in zip(losses, outputs, targets))
        total.backward()
        optimizer.step()

    step()
    parameters = sum(p.numel() for p in network.parameters())
    print(f"ready batch={batch} parameters={parameters} threads={torch.get_num_threads()}", flush=True)
    for line in sys.stdin:
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - start, time.process_time() - processor, flush=True)


main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "eager")
