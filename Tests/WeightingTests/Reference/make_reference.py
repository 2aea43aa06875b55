"""Makes the reference values of the weighting strategies: one CSV a strategy beside this file.

    pip install -r requirements.txt && python make_reference.py

Each row is `case,step,what,values…`; `what` is weights (the effective weights) or direction. Where torchjd has the method
it is run in float64 with its tolerances and regularisers turned down; `papers.py` holds the others, written from the
papers in NumPy and PyTorch's autograd.
"""

import pathlib
import sys
import warnings
from unittest import mock

import cvxpy
import numpy as np
import torch
from torchjd import aggregation, scalarization
from torchjd.linalg import QuadprogProjector

import papers
from problems import CASES, RECORDED, STEPS, STEPS_PER_EPOCH, Problem

HERE = pathlib.Path(__file__).parent
LEARNING_RATE = 0.05
tensor = lambda array: torch.tensor(np.asarray(array), dtype=torch.float64)


def scalarized(make, after_step=lambda scalarizer, after: None, learns=False):
    """Weights of a torchjd scalarizer: the derivative of its value by each loss."""

    def run(problem):
        scalarizer = make(problem.tasks).to(torch.float64)
        adam = torch.optim.Adam(scalarizer.parameters(), lr=LEARNING_RATE) if learns else None
        for step in range(1, STEPS + 1):
            losses, after, *_ = problem.step(step)
            values = tensor(losses).requires_grad_()
            if adam:
                adam.zero_grad()
            with patched_draws(problem, step):
                scalarizer(values).backward()
            yield step, {"weights": values.grad.numpy().copy()}
            if adam:
                adam.step()
            after_step(scalarizer, tensor(after))
            if step % STEPS_PER_EPOCH == 0 and isinstance(scalarizer, scalarization.DWA):
                scalarizer.step()

    return run


def patched_draws(problem, step):
    """Makes torch draw from the problem's own generator."""
    draws = problem.draws(step)
    visited = iter(range(problem.tasks))

    def randperm(count, **_):
        order = draws.permutation(problem.tasks)
        if count == problem.tasks:
            return torch.tensor(order)
        task = next(visited)  # GradVac asks for an order of the others only.
        others = [other for other in range(problem.tasks) if other != task]
        return torch.tensor([others.index(other) for other in order if other != task])

    def rand(shape, **_):
        # Drawn in float32, as the gradients are.
        return tensor(np.array([np.float32(draws.uniform()) for _ in range(shape[0])]))

    return mock.patch.multiple(
        torch, randperm=randperm, rand=rand,
        randn=lambda count, **_: tensor([draws.normal() for _ in range(count)]))


def aggregated(make, take=lambda gradients: gradients[0], remembers=True):
    """Weights of a torchjd aggregator that has them, from the gradients of a step."""

    def run(problem):
        weighting = make(problem.tasks)
        for step in range(1, STEPS + 1) if remembers else RECORDED:
            _, _, *gradients = problem.step(step)
            with patched_draws(problem, step):
                weights = weighting(tensor(take(gradients)))
            yield step, {"weights": weights.detach().numpy()}

    return run


def directed(make):
    """The direction of a torchjd aggregator."""

    def run(problem):
        aggregator = make(problem.tasks)
        for step in range(1, STEPS + 1):
            gradients = problem.step(step)[2]
            with patched_draws(problem, step):
                yield step, {"direction": aggregator(tensor(gradients)).detach().numpy()}

    return run


def tight_cagrad(tasks):
    """CAGrad with Clarabel's tolerances turned down."""
    weighting = aggregation.CAGradWeighting(c=0.5, norm_eps=1e-12)
    solve = cvxpy.Problem.solve
    tight = dict(tol_gap_abs=1e-15, tol_gap_rel=1e-15, tol_feas=1e-15)

    def run(gramian):
        with mock.patch.object(cvxpy.Problem, "solve", lambda self, solver: solve(self, solver, **tight)):
            return weighting(gramian)

    return run


gramian = lambda gradients: gradients[0] @ gradients[0].T
cross = lambda gradients: gradients[0] @ gradients[1].T
exact = QuadprogProjector(norm_eps=0, reg_eps=1e-15)

STRATEGIES = {
    "adaptive": papers.adaptive,
    "adaptive_softmax_batch": papers.adaptive_softmax_batch,
    "uncertainty": papers.uncertainty_kendall,
    "uncertainty_uniform": scalarized(scalarization.UW, learns=True),
    "dwa": scalarized(lambda n: scalarization.DWA()),
    "geometric": scalarized(lambda n: scalarization.GeometricMean()),
    "random": scalarized(lambda n: scalarization.Random()),
    "random_dirichlet": papers.random_dirichlet,
    "imtl_l": scalarized(scalarization.IMTLL, learns=True),
    "stch": papers.stch_log_nadir,
    "stch_paper": scalarized(lambda n: scalarization.STCH(mu=0.5)),
    "famo": scalarized(scalarization.FAMO, after_step=lambda s, after: s.update(after)),
    "gradnorm": papers.gradnorm,
    "excess": aggregated(lambda n: aggregation.ExcessMTLWeighting(robust_step_size=0.01, n_warmup_steps=3)),
    "mgda": papers.mgda,
    # Its method is Frank and Wolfe's plain one, whose error falls as 1/iterations.
    "mgda_torchjd": aggregated(
        lambda n: aggregation.MGDAWeighting(epsilon=1e-14, max_iters=50_000), take=gramian, remembers=False),
    "mgda_l2": papers.mgda_l2,
    "pcgrad": aggregated(lambda n: aggregation.PCGradWeighting(), take=gramian),
    "gradvac": aggregated(lambda n: aggregation.GradVacWeighting(beta=0.01, eps=1e-30), take=gramian),
    "cagrad": aggregated(tight_cagrad, take=gramian, remembers=False),
    "graddrop": directed(lambda n: aggregation.GradDrop()),
    "imtl_g": aggregated(lambda n: aggregation.IMTLGWeighting(), take=gramian),
    "nash_mtl": papers.nash,
    "moco": papers.moco,
    "aligned_mtl": aggregated(lambda n: aggregation.AlignedMTLWeighting(), take=gramian),
    "db_mtl": papers.db_mtl,
    "fairgrad": papers.fairgrad,
    "upgrad": aggregated(lambda n: aggregation.UPGradWeighting(projector=exact), take=gramian),
    "config": directed(lambda n: aggregation.ConFIG()),
    "dualproj": aggregated(lambda n: aggregation.DualProjWeighting(projector=exact), take=gramian),
    "sdmgrad": aggregated(lambda n: aggregation.SDMGradWeighting(), take=cross),
    "modo": aggregated(lambda n: aggregation.MoDoWeighting(gamma=0.001, rho=0.1), take=cross),
}


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for strategy, run in STRATEGIES.items():
        if sys.argv[1:] and strategy not in sys.argv[1:]:
            continue
        lines = []
        for case in CASES:
            for step, outcome in run(Problem(case)):
                if step in RECORDED:
                    for what, values in outcome.items():
                        lines.append(",".join([case, str(step), what] + [f"{value:.9g}" for value in values]))
        (HERE / f"{strategy}.csv").write_text("\n".join(lines) + "\n")
        print(f"{strategy}: {len(lines)} rows")


if __name__ == "__main__":
    main()
