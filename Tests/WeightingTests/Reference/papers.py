"""The strategies torchjd 0.18 does not have, or not in the papers' form, written a second time from the papers."""

import numpy as np
import torch
from scipy.optimize import minimize

from problems import RECORDED, STEPS, STEPS_PER_EPOCH, WIDTH

LEARNING_RATE = 0.05


def by_epoch(weigh):
    """A strategy that sees the mean losses of all finished epochs."""

    def run(problem):
        means = []
        for step in range(1, STEPS + 1):
            losses = problem.step(step)[0]
            yield step, {"weights": weigh(losses, means)}
            if step % STEPS_PER_EPOCH == 0:
                means.append(problem.mean_losses(step // STEPS_PER_EPOCH))

    return run


@by_epoch
def adaptive(losses, means):
    return len(losses) * means[-1] / means[-1].sum() if means else np.ones_like(losses)


@by_epoch
def adaptive_softmax_batch(losses, means):
    return len(losses) * torch.softmax(torch.tensor(losses), 0).numpy()


@by_epoch
def stch_log_nadir(losses, means, mu=1.0, warmup=4):
    values = torch.tensor(losses, requires_grad=True)
    if len(means) < warmup:
        total = values.log().sum()
    else:
        total = len(losses) * mu * torch.logsumexp((values / torch.tensor(means[warmup - 1])).log() / mu, 0)
    total.backward()
    return values.grad.numpy()


def uncertainty_kendall(problem):
    """Even tasks are regressions (½e^{-s}L + ½s), odd ones classifications (e^{-s}L + ½s)."""
    s = torch.zeros(problem.tasks, requires_grad=True)
    factor = torch.tensor([0.5 if task % 2 == 0 else 1.0 for task in range(problem.tasks)])
    adam = torch.optim.Adam([s], lr=LEARNING_RATE)
    for step in range(1, STEPS + 1):
        losses = torch.tensor(problem.step(step)[0], requires_grad=True)
        adam.zero_grad()
        (factor * torch.exp(-s) * losses + s / 2).sum().backward()
        yield step, {"weights": losses.grad.numpy().copy()}
        adam.step()


def random_dirichlet(problem):
    for step in RECORDED:
        draws = problem.draws(step)
        exponentials = -np.log([draws.uniform() for _ in range(problem.tasks)])
        yield step, {"weights": exponentials / exponentials.sum()}


def gradnorm(problem, alpha=1.5):
    w = torch.ones(problem.tasks, requires_grad=True)
    adam = torch.optim.Adam([w], lr=LEARNING_RATE)
    first = problem.step(1)[0]
    for step in range(1, STEPS + 1):
        losses, _, gradients, *_ = problem.step(step)
        yield step, {"weights": w.detach().numpy().copy()}
        norms = (w[:, None] * torch.tensor(gradients)).norm(dim=1)
        ratios = torch.tensor(losses / first)
        target = (norms.mean() * (ratios / ratios.mean()) ** alpha).detach()
        adam.zero_grad()
        (norms - target).abs().sum().backward()
        adam.step()
        with torch.no_grad():
            w.clamp_(min=1e-6)
            w.mul_(problem.tasks / w.sum())


def min_norm(gramian, steps=200_000):
    """Frank and Wolfe's method with away steps, to a duality gap of 1e-14 of the objective."""
    a = np.ones(len(gramian)) / len(gramian)
    for _ in range(steps):
        g = gramian @ a
        towards, away = np.argmin(g), np.argmax(np.where(a > 0, g, -np.inf))
        if a @ g - g[towards] <= 1e-14 * (a @ g):
            break
        if a @ g - g[towards] >= g[away] - a @ g:
            d, limit = -a, 1.0
            d = d + np.eye(len(a))[towards]
        else:
            d, limit = a - np.eye(len(a))[away], a[away] / (1 - a[away])
        step = min(limit, -(g @ d) / (d @ gramian @ d))
        a = np.maximum(a + step * d, 0)
        a /= a.sum()
    return a


def mgda(problem):
    for step in RECORDED:
        gradients = problem.step(step)[2]
        yield step, {"weights": min_norm(gradients @ gradients.T)}


def mgda_l2(problem):
    """LibMTL's reading: the weights combine the normalised gradients."""
    for step in RECORDED:
        gradients = problem.step(step)[2]
        norms = np.linalg.norm(gradients, axis=1)
        unit = gradients / norms[:, None]
        yield step, {"weights": min_norm(unit @ unit.T) / norms}


def power_equation(gramian, p):
    """w > 0 with G·w = w^(-p): minimises the potential in y = log(w·‖g‖) from several starts in x = e^y."""
    norms = np.sqrt(np.diag(gramian))
    cosines = gramian / np.outer(norms, norms)
    factors = norms ** (p - 1)

    def potential(y):
        x = np.exp(y)
        barrier = -(factors * y).sum() if p == 1 else -(factors * x ** (1 - p) / (1 - p)).sum()
        return 0.5 * x @ cosines @ x + barrier, x * (cosines @ x) - factors * x ** (1 - p)

    y = np.log(factors) / (1 + p)
    for _ in range(20):
        y = minimize(potential, y, jac=True, method="BFGS", options=dict(gtol=1e-13, maxiter=10_000)).x
    return np.exp(y) / norms


def nash(problem):
    for step in RECORDED:
        gradients = problem.step(step)[2]
        yield step, {"weights": power_equation(gradients @ gradients.T, 1.0)}


def fairgrad(problem, alpha=2.0):
    for step in RECORDED:
        gradients = problem.step(step)[2]
        yield step, {"weights": power_equation(gradients @ gradients.T, 1 / alpha)}


def project_onto_simplex(v):
    """By bisection on the threshold."""
    low, high = v.min() - 1, v.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(v - middle, 0).sum() > 1 else (low, middle)
    return np.maximum(v - high, 0)


def moco(problem, beta=0.5, gamma=0.1, decay=0.5):
    y = np.zeros((problem.tasks, WIDTH))
    weights = np.ones(problem.tasks) / problem.tasks
    for step in range(1, STEPS + 1):
        gradients = problem.step(step)[2]
        y = y - beta / step**decay * (y - gradients)
        weights = project_onto_simplex(weights - gamma / step**decay * (y @ y.T @ weights))
        yield step, {"weights": weights, "direction": y.T @ weights}


def db_mtl(problem, beta=0.9):
    smoothed = np.zeros((problem.tasks, WIDTH))
    for step in range(1, STEPS + 1):
        losses, _, gradients, *_ = problem.step(step)
        of_log = gradients / losses[:, None]
        smoothed = beta * smoothed + (1 - beta) * of_log
        norms = np.linalg.norm(smoothed, axis=1)
        balance = norms.max() / norms
        yield step, {"weights": balance / losses, "direction": balance @ smoothed}
