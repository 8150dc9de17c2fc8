"""One iteration of crocoddyl's FDDP (derivatives, backward and forward pass) on a linear-quadratic problem."""

import crocoddyl
import numpy as np
from ilqr_problem import M, N, T
from timing import report


def main() -> None:
    random = np.random.default_rng(0)
    a = np.eye(N) + 0.02 * random.standard_normal((N, N))
    b = 0.1 * random.standard_normal((N, M))
    node = crocoddyl.ActionModelLQR(
        a, b, np.eye(N), np.eye(M), np.zeros((N, M)), 0.01 * random.standard_normal(N), 0.1 * random.standard_normal(N),
        0.1 * random.standard_normal(M))
    start = np.ones(N)
    shooting = crocoddyl.ShootingProblem(start, [node] * T, node)
    solver = crocoddyl.SolverFDDP(shooting)
    solver.setCandidate([start] * (T + 1), [np.zeros(M)] * T, False)

    def work() -> None:
        solver.computeDirection(True)
        solver.tryStep(1.0)

    report(work, 1, "passes/s")


main()
