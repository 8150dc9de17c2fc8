"""Linear-quadratic control in plain numpy."""

import numpy as np
from ilqr_problem import N, problem, solve
from timing import report


def main() -> None:
    data, start = problem(), np.ones(N)
    states = solve(*data, start)[0]
    if not np.isfinite(states).all():
        raise ArithmeticError("the states are not finite")
    report(lambda: solve(*data, start), 1, "passes/s")


main()
