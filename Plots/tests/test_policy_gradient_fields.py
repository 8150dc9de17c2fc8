import sys
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENT = PLOTS.parent / "Experiments/policy-gradient-fields"
sys.path.insert(0, str(PLOTS))
from foresight.theory.ascent import ascend, at_divergence, at_rate, best_rate
from foresight.theory.files import cell, read_rows, text_rows
from foresight.theory.linear_gaussian import LinearGaussianProblem, simulate
from policy_gradient_fields import EPSILON, LIMIT, METHODS, PROBLEMS, TOLERANCE, fields, summarize

UNEVEN = LinearGaussianProblem(A=0.9, B=0.7, Q=1.3, R=0.4, discount=0.9, start_variance=0.8, process_variance=0.2)
POINTS = [(-0.2, 0.9), (-0.6, 0.3), (-1.4, 0.05)]


class ClosedForms(unittest.TestCase):
    def test_gradient_is_that_of_the_return(self):
        for problem in (UNEVEN, *PROBLEMS.values()):
            for k, sigma in POINTS:
                step = 1e-6
                by_k = (problem.expected_return(k + step, sigma) - problem.expected_return(k - step, sigma)) / (2 * step)
                by_sigma = (problem.expected_return(k, sigma + step) - problem.expected_return(k, sigma - step)) / (2 * step)
                np.testing.assert_allclose(problem.gradient(k, sigma), (by_k, by_sigma), rtol=1e-6)

    def test_return_is_the_sum_over_many_steps(self):
        k, sigma, moment, total = -0.5, 0.4, UNEVEN.start_variance, 0.0
        for t in range(400):
            total -= UNEVEN.discount**t * (UNEVEN.Q * moment + UNEVEN.R * (k**2 * moment + sigma**2))
            moment = (UNEVEN.A + UNEVEN.B * k) ** 2 * moment + UNEVEN.B**2 * sigma**2 + UNEVEN.process_variance
        self.assertAlmostEqual(UNEVEN.expected_return(k, sigma), total, places=12)

    def test_samples_agree(self):
        """Return, gradient and Fisher information within four standard errors."""
        for problem, k, sigma in ((UNEVEN, -0.7, 0.3), (PROBLEMS["at rest"], -0.4, 0.5), (PROBLEMS["spread"], -0.9, 0.2)):
            steps = int(np.ceil(np.log(1e-9) / np.log(problem.discount)))
            found = simulate(problem, k, sigma, episodes=4000, steps=steps, seed=1)
            exact = [problem.expected_return(k, sigma), *problem.gradient(k, sigma), *problem.fisher(k, sigma), 0]
            self.assertLess(np.max(np.abs(found.mean - exact) / found.error), 4)
            self.assertTrue((found.error[:1] < 0.05 * np.abs(found.mean[:1])).all())

    def test_gain_of_the_riccati_equation_is_where_the_gradient_vanishes(self):
        for problem in (UNEVEN, *PROBLEMS.values()):
            best = problem.optimal_gain()
            self.assertLess(abs(problem.gradient(best, 0.3)[0]), 1e-11)
            for other in (best - 0.1, best + 0.1):
                self.assertGreater(problem.expected_return(best, 0.3), problem.expected_return(other, 0.3))

    def test_natural_gradient_does_not_know_where_states_start(self):
        rest, spread = (problem.natural_gradient(-0.3, 0.2) for problem in PROBLEMS.values())
        np.testing.assert_allclose(rest, spread, rtol=1e-12)
        smaller = PROBLEMS["spread"].natural_gradient(-0.3, 0.02)
        np.testing.assert_allclose(smaller, (spread[0] / 100, spread[1] / 1000), rtol=1e-12)

    def test_natural_gradient_is_invariant_under_a_reparametrization(self):
        """With kappa = k^3 and lambda = log sigma, J's chain rule and F's give the same tangent."""
        k, sigma = -0.8, 0.3
        scale = np.array([3 * k**2, 1 / sigma])  # d(kappa, lambda) / d(k, sigma)
        gradient = np.array(UNEVEN.gradient(k, sigma)) / scale
        fisher = np.array(UNEVEN.fisher(k, sigma)) / scale**2
        np.testing.assert_allclose(gradient / fisher / scale, UNEVEN.natural_gradient(k, sigma), rtol=1e-12)


class Ascents(unittest.TestCase):
    def test_steps_have_the_divergence_asked_for(self):
        """The expected KL divergence between Gaussian policies, in closed form, approaches epsilon as that gets small."""
        problem, k, sigma = PROBLEMS["spread"], -0.3, 0.2
        for direction in (LinearGaussianProblem.gradient, LinearGaussianProblem.natural_gradient):
            by_k, by_sigma = at_divergence(direction, 1e-8)(problem, k, sigma)
            state = (1 - problem.discount) * problem.second_moments(k, sigma)
            new = sigma + by_sigma
            divergence = np.log(new / sigma) + (sigma**2 + by_k**2 * state) / (2 * new**2) - 0.5
            self.assertAlmostEqual(divergence / 1e-8, 1, places=3)

    def test_a_step_too_long_ends_an_ascent(self):
        problem = PROBLEMS["spread"]
        self.assertIsNone(ascend(problem, (-0.1, 1.0), at_rate(LinearGaussianProblem.gradient, 0.1), 100, TOLERANCE))
        rate, ascent = best_rate(problem, (-0.1, 1.0), LinearGaussianProblem.gradient, 1000, TOLERANCE)
        self.assertTrue(ascent.arrived)
        slower = ascend(problem, (-0.1, 1.0), at_rate(LinearGaussianProblem.gradient, rate / 10), 10000, TOLERANCE)
        self.assertGreater(slower.steps, ascent.steps)


class Committed(unittest.TestCase):
    def test_fields_are_those_computed(self):
        kept, computed = read_rows(EXPERIMENT / "fields.csv"), fields()
        self.assertEqual(len(kept), len(computed))
        for row, again in zip(kept, computed):
            self.assertEqual(row["starts"], again["starts"])
            np.testing.assert_allclose([float(row[key]) for key in row if key != "starts"],
                                       [float(again[key]) for key in again if key != "starts"], rtol=1e-5)

    def test_table_is_that_of_the_results(self):
        self.assertEqual(read_rows(EXPERIMENT / "table.csv"), summarize(read_rows(EXPERIMENT / "results.csv")))

    def test_shows_what_the_page_says(self):
        table = read_rows(EXPERIMENT / "table.csv")
        self.assertEqual({row["method"] for row in table}, set(METHODS))
        steps = {(row["starts"], row["start_k"], row["start_sigma"], row["method"]): row["steps"] for row in table}
        for sigma in ("1", "0.3", "0.1", "0.03", "0.01"):
            for k in ("-0.1", "-1.7"):
                self.assertEqual(steps["at rest", k, sigma, "vanilla, fixed rate"], "")
                self.assertEqual(steps["at rest", k, sigma, "vanilla, fixed KL"], "")
            problem = PROBLEMS["at rest"]
            natural = ascend(problem, (-0.1, float(sigma)), at_divergence(LinearGaussianProblem.natural_gradient, EPSILON),
                             LIMIT, TOLERANCE)
            self.assertEqual((natural.steps, steps["at rest", "-0.1", sigma, "natural, fixed KL"]), (11, "11"))

    def test_no_learning_rate_leads_the_vanilla_gradient_there_from_rest(self):
        _, ascent = best_rate(PROBLEMS["at rest"], (-0.1, 0.1), LinearGaussianProblem.gradient, LIMIT, TOLERANCE)
        self.assertFalse(ascent.arrived)
        self.assertGreater(ascent.points[-1][0], -0.15)

    def test_cells_have_six_digits(self):
        self.assertEqual([cell(1 / 3), cell(None), cell(7), cell("a")], ["0.333333", "", "7", "a"])
        self.assertEqual(text_rows([{"a": 1e-9}]), [{"a": "1e-09"}])


if __name__ == "__main__":
    unittest.main()
