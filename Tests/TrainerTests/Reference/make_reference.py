"""Makes the reference values of training: the CSV files beside this script.

    pip install -r requirements.txt && python make_reference.py

PyTorch in double precision trains small networks for 30 steps; what is written are the loss of every task in every step,
and of every parameter at the end its sum, the sum of its squares and its first values.
"""

import csv
import itertools
import pathlib

import torch
import torch.nn.functional as F

from problems import IDS, ROWS, STEPS, features, images, is_missing, numbers, rows, texts, whole

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.001, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.001),
}


class Parameters(dict):
    """Named parameters in the order in which they are first asked for; that order chooses their numbers."""

    def __init__(self):
        super().__init__()
        self.statistics = {}

    def get(self, name, *shape, around=0.0):
        if name not in self:
            value = numbers(shape, len(self)) * 0.25 + around
            self[name] = value.requires_grad_()
        return self[name]

    def running(self, name, size, start):
        return self.statistics.setdefault(name, torch.full((size,), start))


def dense(parameters, name, x, outputs, bias=True):
    weight = parameters.get(f"{name}.weight", outputs, x.shape[1])
    return F.linear(x, weight, parameters.get(f"{name}.bias", outputs) if bias else None)


def batch_norm(parameters, name, x):
    size = x.shape[1]
    return F.batch_norm(
        x,
        parameters.running(f"{name}.running_mean", size, 0.0),
        parameters.running(f"{name}.running_var", size, 1.0),
        parameters.get(f"{name}.weight", size, around=1.0),
        parameters.get(f"{name}.bias", size),
        training=True,
        momentum=0.1,
        eps=1e-5,
    )


# The trunks. Each takes its inputs for the chosen rows; an mlp is another one for each kind of task.


def mlp(activation, normalized):
    """Two hidden layers of 16 and 12."""

    def trunk(parameters, chosen):
        x, layer = features()[chosen], 0
        for width in (16, 12):
            x = dense(parameters, f"trunk.{layer}", x, width, bias=not normalized)
            layer += 1
            if normalized:
                x = batch_norm(parameters, f"trunk.{layer}", x)
                layer += 2
            x = activation(x)
        return x

    return trunk


def convolution(parameters, name, x, filters, kernel, stride=1, padding=0, bias=True):
    weight = parameters.get(f"{name}.weight", filters, x.shape[1], kernel, kernel)
    return F.conv2d(x, weight, parameters.get(f"{name}.bias", filters) if bias else None, stride, padding)


def cnn(parameters, chosen):
    """Two blocks and a dense layer, on images of 12 × 14 pixels and 2 channels."""
    x = images(12, 14, 2)[chosen]
    x = F.max_pool2d(torch.tanh(convolution(parameters, "trunk.0", x, 3, 3, padding=1)), 2)
    x = convolution(parameters, "trunk.2", x, 5, 3, stride=2, padding=1, bias=False)
    x = F.avg_pool2d(F.relu(batch_norm(parameters, "trunk.3", x)), 2)
    return F.relu(dense(parameters, "trunk.6", x.flatten(1), 9))


def resnet(parameters, chosen):
    """Depth 18, width 8, on images of 16 × 16 pixels and 3 channels."""

    def normalized(name, x, filters, kernel, stride):
        index = int(name.rsplit(".", 1)[1])
        x = convolution(parameters, name, x, filters, kernel, stride, kernel // 2, bias=False)
        return batch_norm(parameters, f"{name.rsplit('.', 1)[0]}.{index + 1}", x)

    x = F.relu(normalized("trunk.0", images(16, 16, 3)[chosen], 8, 3, 1))
    layer = 3
    for stage, block in itertools.product(range(4), range(2)):
        filters, stride = 8 << stage, 2 if stage > 0 and block == 0 else 1
        main = F.relu(normalized(f"trunk.{layer}.main.0", x, filters, 3, stride))
        main = normalized(f"trunk.{layer}.main.3", main, filters, 3, 1)
        shortcut = normalized(f"trunk.{layer}.shortcut.0", x, filters, 1, stride) if stride > 1 else x
        x = F.relu(main + shortcut)
        layer += 1
    return x.mean((2, 3))


def text_mean(parameters, chosen):
    """Vectors of 6 numbers, their mean, a dense layer of 5."""
    table = parameters.get("trunk.0.weight", IDS, 6)
    tokens = texts()
    means = [table[tokens[row]].mean(0) if len(tokens[row]) else torch.zeros(6) for row in chosen]
    return F.relu(dense(parameters, "trunk.1", torch.stack(means), 5))


def text_conv(parameters, chosen):
    """Kim 2014: vectors of 6 numbers, 4 windows each of 2 and 3 tokens, the largest over time and 0."""
    table = parameters.get("trunk.0.weight", IDS, 6)
    tokens = texts()
    found = []
    for index, kernel in enumerate((2, 3)):
        weight = parameters.get(f"trunk.1.{index}.weight", 4, kernel, 6)
        bias = parameters.get(f"trunk.1.{index}.bias", 4)

        def largest(vectors):
            if len(vectors) < kernel:
                return torch.zeros(4)
            windows = vectors.unfold(0, kernel, 1).transpose(1, 2).flatten(1)
            return F.relu(F.linear(windows, weight.flatten(1), bias).max(0).values)

        found.append(torch.stack([largest(table[tokens[row]]) for row in chosen]))
    return torch.cat(found, 1)


def masked_mean(losses, mask):
    return (losses * mask).sum() / mask.sum()


# Each kind of case: the heads and the mean losses of a batch.


def classification(parameters, trunk, chosen):
    weights = torch.tensor([1.0, 2.0, 0.5])
    colour = dense(parameters, "heads.colour.0", trunk, 3)
    hidden = F.relu(dense(parameters, "heads.large.0", trunk, 5))
    large = dense(parameters, "heads.large.1", hidden, 1)
    return {
        "colour": F.cross_entropy(colour, whole(ROWS, 3, 1)[chosen], weight=weights, label_smoothing=0.1),
        "large": F.binary_cross_entropy_with_logits(
            large[:, 0], whole(ROWS, 2, 2)[chosen].double(), pos_weight=torch.tensor(1.5)
        ),
    }


def regression(parameters, trunk, chosen):
    target = numbers((ROWS, 4), 60)[chosen]
    return {
        "both": F.mse_loss(dense(parameters, "heads.both.0", trunk, 2), target[:, :2]),
        "far": F.l1_loss(dense(parameters, "heads.far.0", trunk, 1), target[:, 2:3]),
        "near": F.huber_loss(dense(parameters, "heads.near.0", trunk, 1), target[:, 3:4], delta=0.5),
    }


def masked(parameters, trunk, chosen):
    labels = torch.where(is_missing(ROWS, 1), -1, whole(ROWS, 4, 3))[chosen]
    marks = (~is_missing(ROWS * 3, 2)).reshape(ROWS, 3)[chosen].double()
    cells = (~is_missing(ROWS * 2, 3)).reshape(ROWS, 2)[chosen].double()
    tags = F.binary_cross_entropy_with_logits(
        dense(parameters, "heads.tags.0", trunk, 3),
        whole(ROWS * 3, 2, 4).reshape(ROWS, 3)[chosen].double(),
        reduction="none",
    )
    pair = (dense(parameters, "heads.pair.0", trunk, 2) - numbers((ROWS, 2), 61)[chosen]) ** 2
    return {
        "tags": masked_mean(tags, marks),
        "pair": masked_mean(pair, cells),
        "colour": F.cross_entropy(dense(parameters, "heads.colour.0", trunk, 4), labels, ignore_index=-1),
    }


# The losses, the norm to which gradients are clipped, and the trunk of an mlp.
KINDS = {
    "classification": (classification, None, mlp(F.relu, normalized=False)),
    "regression": (regression, 0.75, mlp(F.gelu, normalized=True)),
    "masked": (masked, None, mlp(F.silu, normalized=False)),
}
TRUNKS = {"mlp": None, "cnn": cnn, "resnet": resnet, "text_mean": text_mean, "text_conv": text_conv}
BATCHES = {"resnet": 4}
# After how many steps the parameters are written: early ones for the networks whose plain kernels take long.
WRITTEN = {"resnet": [2, STEPS]}


def train(encoder, kind, make_optimizer):
    losses_of, clip_norm, own_trunk = KINDS[kind]
    trunk = TRUNKS[encoder] or own_trunk
    batch = BATCHES.get(encoder, 8)
    parameters = Parameters()
    # The first pass makes the parameters and must leave no trace.
    losses_of(parameters, trunk(parameters, rows(0, batch)), rows(0, batch))
    parameters.statistics.clear()
    optimizer = make_optimizer(parameters.values())
    for step in range(STEPS):
        chosen = rows(step, batch)
        losses = losses_of(parameters, trunk(parameters, chosen), chosen)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        if clip_norm:
            torch.nn.utils.clip_grad_norm_(parameters.values(), clip_norm)
        optimizer.step()
        for task, loss in losses.items():
            yield ["loss", f"{task} {step}", repr(loss.item())]
        if step + 1 in WRITTEN.get(encoder, [STEPS]):
            yield from tensors(parameters, step + 1)


def tensors(parameters, steps):
    for name, value in list(parameters.items()) + list(parameters.statistics.items()):
        flat = value.detach().flatten()
        sums = [flat.sum().item(), (flat**2).sum().item()]
        yield [f"tensor {steps}", name] + [repr(v) for v in sums + flat[:4].tolist()]


def write(name, lines):
    with open(HERE / name, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def optimizer_steps():
    """Four numbers under a row of gradients, 20 steps each."""
    cases = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd_decay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.05),
        "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
        "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=0.02),
        "adam_decay": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    }
    for name, make in cases.items():
        parameter = numbers((4,), 70).requires_grad_()
        optimizer = make([parameter])
        for step in range(20):
            parameter.grad = numbers((4,), 80 + step)
            optimizer.step()
            yield [name, step] + [repr(v) for v in parameter.tolist()]


def schedules():
    """The rate of every step: 3 steps an epoch; all but one-cycle move at the end of an epoch."""
    epochs, steps = 12, 3
    cases = {
        "constant": lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0),
        "step": lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=4, gamma=0.3),
        "exponential": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.8),
        "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=epochs),
        "one_cycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, max_lr=0.4, total_steps=epochs * steps, cycle_momentum=False
        ),
    }
    for name, make in cases.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        schedule = make(optimizer)
        for epoch, step in itertools.product(range(epochs), range(steps)):
            yield [name, epoch, step, repr(optimizer.param_groups[0]["lr"])]
            optimizer.step()
            if name == "one_cycle" or step == steps - 1:
                schedule.step()


def main():
    for encoder, kind, (optimizer, make) in itertools.product(TRUNKS, KINDS, OPTIMIZERS.items()):
        write(f"{encoder}_{kind}_{optimizer}.csv", train(encoder, kind, make))
    write("optimizers.csv", optimizer_steps())
    write("schedules.csv", schedules())


if __name__ == "__main__":
    main()
