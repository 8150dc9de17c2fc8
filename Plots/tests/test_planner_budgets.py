import sys
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENT = PLOTS.parent / "Experiments/planner-budgets"
sys.path.insert(0, str(PLOTS))
from foresight.experiments import between
from foresight.load import load_study
from foresight.statistics import interquartile_mean
from planner_budgets import BEGINS, ENDS, PLANNERS, Point, best_return, curves, improved_plans, model_steps, smallest, tables

ICEM = {"horizon": 25, "population": 34, "elites": 5, "iterations": 3, "decay": 1.25, "kept_elites": 0.3}


class Counts(unittest.TestCase):
    def test_plans_of_a_shrinking_population(self):
        self.assertEqual(improved_plans(ICEM), (34 + 2) + (27 + 2) + (21 + 2) + 1)
        self.assertEqual(improved_plans(ICEM | {"population": 12, "elites": 10, "kept_elites": 0}), 3 * 20 + 1)

    def test_model_steps_of_each_search(self):
        one = {"agent": {"particles": 1}}
        cases = [
            ({"search": "cem", "cem": {"horizon": 25, "population": 30, "iterations": 3}}, 2250),
            ({"search": "icem", "icem": ICEM}, 2225),
            ({"search": "icem", "icem": ICEM, "policy_prior": True}, 2300),
            ({"search": "shooting", "random_shooting": {"horizon": 25, "population": 90}}, 2250),
            ({"search": "cma-es", "cma_es": {"horizon": 10, "population": 5, "iterations": 2}}, 100),
            ({"search": "gradient", "gradient": {"horizon": 25, "restarts": 4, "iterations": 7}}, 2200),
            ({"search": "ilqr", "ilqr": {"horizon": 25, "iterations": 9, "step_lengths": 4}}, 2050),
        ]
        for settings, steps in cases:
            with self.subTest(settings=settings):
                self.assertEqual(model_steps("mpc", one | settings, "cartpole-swingup"), steps)
        learned = {"agent": {"particles": 4}, "planner": {"horizon": 25, "population": 10, "iterations": 3}}
        self.assertEqual(model_steps("pets", learned, "cartpole-swingup"), 3000)
        proposed = {"agent": {"particles": 1, "policy_proposes": True}, "planner": ICEM | {"horizon": 10}}
        self.assertEqual(model_steps("loop", proposed, "cartpole-swingup"), 920)

    def test_smallest_budget_from_which_on_it_is_enough(self):
        def points(*values):
            return [Point(steps, np.full(4, value)) for steps, value in zip((10, 20, 30), values, strict=True)]

        self.assertEqual(smallest(points(1.0, 5.0, 6.0), 5), 20)
        self.assertEqual(smallest(points(7.0, 4.0, 6.0), 5), 30)
        self.assertIsNone(smallest(points(7.0, 6.0, 4.0), 5))


class Committed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.study = load_study(EXPERIMENT)

    def test_page_has_the_tables_of_the_results(self):
        page = (EXPERIMENT / "README.md").read_text()
        self.assertEqual(between(page, BEGINS, ENDS, tables(self.study)), page, "run Plots/planner_budgets.py")

    def test_budgets_are_about_those_of_their_labels(self):
        for environment in self.study.environments:
            found = curves(self.study, environment)
            for name in set(PLANNERS) & set(found):
                labels = sorted(int(label.rpartition("-")[2]) for label in self.study.agents_in(environment)
                                if label.rpartition("-")[0] == name and label != "icem-default")
                self.assertEqual(len(labels), len(found[name]))
                for label, point in zip(labels, found[name], strict=True):
                    with self.subTest(environment=environment, planner=name, label=label):
                        self.assertEqual(len(point.returns), 5)
                        self.assertLess(abs(point.steps / label - 1), 0.41)

    def test_defaults_are_nearly_as_good_as_the_best(self):
        for environment in self.study.environments:
            runs = self.study.select(environment, "icem-default")
            self.assertEqual(model_steps("mpc", runs[0].manifest["settings"], environment), 6350)
            reached = interquartile_mean(np.array([run.evaluation_means[-1] for run in runs]))
            best, zero = best_return(curves(self.study, environment)), self.study.scales[environment].random
            self.assertGreater((reached - zero) / (best - zero), 0.94)


if __name__ == "__main__":
    unittest.main()
