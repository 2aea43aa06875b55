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

from problems import ROWS, STEPS, inputs, is_missing, numbers, rows, whole

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


def mlp(parameters, x, activation, normalized):
    """Two hidden layers of 16 and 12."""
    layer = 0
    for width in (16, 12):
        x = dense(parameters, f"trunk.{layer}", x, width, bias=not normalized)
        layer += 1
        if normalized:
            x = batch_norm(parameters, f"trunk.{layer}", x)
            layer += 2
        x = activation(x)
    return x


def masked_mean(losses, mask):
    return (losses * mask).sum() / mask.sum()


# Each kind of case: the trunk, the head sizes, the mean losses of a batch, and the norm to which gradients are clipped.


def classification(parameters, x, chosen):
    trunk = mlp(parameters, x, F.relu, normalized=False)
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


def regression(parameters, x, chosen):
    trunk = mlp(parameters, x, F.gelu, normalized=True)
    target = numbers((ROWS, 4), 60)[chosen]
    return {
        "both": F.mse_loss(dense(parameters, "heads.both.0", trunk, 2), target[:, :2]),
        "far": F.l1_loss(dense(parameters, "heads.far.0", trunk, 1), target[:, 2:3]),
        "near": F.huber_loss(dense(parameters, "heads.near.0", trunk, 1), target[:, 3:4], delta=0.5),
    }


def masked(parameters, x, chosen):
    trunk = mlp(parameters, x, F.silu, normalized=False)
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


KINDS = {"classification": (classification, None), "regression": (regression, 0.75), "masked": (masked, None)}


def train(kind, clip_norm, make_optimizer):
    parameters = Parameters()
    x = inputs()
    # The first pass makes the parameters and must leave no trace.
    kind(parameters, x[rows(0)], rows(0))
    parameters.statistics.clear()
    optimizer = make_optimizer(parameters.values())
    for step in range(STEPS):
        losses = kind(parameters, x[rows(step)], rows(step))
        optimizer.zero_grad()
        sum(losses.values()).backward()
        if clip_norm:
            torch.nn.utils.clip_grad_norm_(parameters.values(), clip_norm)
        optimizer.step()
        for task, loss in losses.items():
            yield ["loss", f"{task} {step}", repr(loss.item())]
    for name, value in list(parameters.items()) + list(parameters.statistics.items()):
        flat = value.detach().flatten()
        yield ["tensor", name] + [repr(v) for v in [flat.sum().item(), (flat**2).sum().item()] + flat[:4].tolist()]


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
    for (kind, (run, clip_norm)), (optimizer, make) in itertools.product(KINDS.items(), OPTIMIZERS.items()):
        write(f"mlp_{kind}_{optimizer}.csv", train(run, clip_norm, make))
    write("optimizers.csv", optimizer_steps())
    write("schedules.csv", schedules())


if __name__ == "__main__":
    main()
