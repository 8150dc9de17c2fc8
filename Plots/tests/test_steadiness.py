import sys
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENT = PLOTS.parent / "Experiments/mbpo-steady"
sys.path.insert(0, str(PLOTS))
from foresight.experiments import between
from foresight.load import Run, load_study
from steadiness import BEGINS, ENDS, steadiness, table


def run(*means: float) -> Run:
    steps = 100 * np.arange(len(means))
    return Run("task", "agent", 0, int(steps[-1]), steps, np.array(means, dtype=float), None)


class Counts(unittest.TestCase):
    def test_counts_what_follows_the_first_evaluation_that_reaches_it(self):
        found = steadiness([run(0, 9, 10, 3, 12, 11, 10, 2), run(1, 1, 1, 1, 1, 1), run(0, 0, 10, 11, 12, 13, 14)], 10)
        self.assertEqual((found.seeds, found.first), (3, [200.0, 200.0]))
        self.assertEqual((found.held, found.later), (3 + 4, 5 + 4))
        self.assertEqual((found.all_last, found.last), (1, [2.0, 1.0, 10.0]))

    def test_nothing_reached(self):
        found = steadiness([run(1, 2, 3)], 10)
        self.assertEqual((found.first, found.later, found.all_last), ([], 0, 0))


class Committed(unittest.TestCase):
    def test_page_has_the_table_of_the_results(self):
        page = (EXPERIMENT / "README.md").read_text()
        self.assertEqual(between(page, BEGINS, ENDS, table(load_study(EXPERIMENT))), page, "run Plots/steadiness.py")


if __name__ == "__main__":
    unittest.main()
