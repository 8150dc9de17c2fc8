import sys
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENT = PLOTS.parent / "Experiments/state-marginal-bound"
sys.path.insert(0, str(PLOTS))
from foresight.theory.files import read_rows
from foresight.theory.policy_difference import marginal_change, mixture_bound, return_change
from foresight.theory.tabular_process import (
    divergence,
    random_process,
    softmax_policy,
    total_variation,
    trap,
)
from state_marginal_bound import BINS, PAIRS, PROCESSES, column, compare, pairs, summarize


def some(seed: int, scale: float = 1.0):
    """A process and two policies."""
    random = np.random.default_rng(seed)
    logits = random.standard_normal((5, 3))
    return (random_process(random, 5, 3, 2, 0.9), softmax_policy(logits),
            softmax_policy(logits + scale * random.standard_normal((5, 3))))


class Processes(unittest.TestCase):
    def test_values_and_occupancy_are_sums_over_time(self):
        process, policy, _ = some(1)
        weights = 0.9 ** np.arange(601)
        marginals = process.marginals(policy, 600)
        np.testing.assert_allclose(marginals.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_allclose(process.occupancy(policy), weights @ marginals, rtol=1e-12)
        rewards = (policy * process.rewards).sum(axis=1)
        self.assertAlmostEqual(process.expected_return(policy), float(weights @ marginals @ rewards), places=12)

    def test_expected_advantages_vanish_under_their_own_policy(self):
        process, policy, other = some(2)
        np.testing.assert_allclose((policy * process.advantages(policy)).sum(axis=1), 0, atol=1e-13)
        self.assertGreater(np.abs((other * process.advantages(policy)).sum(axis=1)).max(), 0.01)

    def test_distances_of_known_distributions(self):
        old, new = np.array([[0.5, 0.5], [1, 0]]), np.array([[0.8, 0.2], [0, 1]])
        np.testing.assert_allclose(total_variation(old, new), [0.3, 1])
        np.testing.assert_allclose(divergence(new, old), [0.8 * np.log(1.6) + 0.2 * np.log(0.4), np.inf])
        np.testing.assert_allclose(divergence(old[1:], np.array([[0.25, 0.75]])), [np.log(4)])


class Bounds(unittest.TestCase):
    def test_lemma_is_exact(self):
        for seed in range(50):
            change = return_change(*some(seed, scale=3))
            self.assertLess(abs(change.exact - change.lemma), 1e-12)
            self.assertGreater(change.error, 1e-6)

    def test_marginals_stay_within_every_bound_in_their_order(self):
        for seed in range(50):
            for scale in (0.01, 0.3, 5):
                change = marginal_change(*some(seed, scale), 60)
                for bound in (change.coupling, change.linear, change.pinsker, change.average):
                    self.assertTrue((change.distance <= bound + 1e-14).all())
                self.assertTrue((change.coupling <= change.linear + 1e-14).all())
                self.assertTrue((change.linear <= change.pinsker + 1e-14).all())
                self.assertTrue((change.average <= change.pinsker + 1e-14).all())

    def test_a_trap_attains_the_bound(self):
        for epsilon in (0.02, 0.4):
            old, new = np.array([[1 - epsilon, epsilon], [1, 0]]), np.array([[1.0, 0], [1, 0]])
            change = marginal_change(trap(0.9), old, new, 30)
            np.testing.assert_allclose(change.distance, change.coupling, rtol=1e-12)
            self.assertLess(change.distance[30], 2 * epsilon * 30)

    def test_surrogate_errs_within_its_bounds(self):
        for seed in range(50):
            for scale in (0.01, 0.3, 5):
                change = return_change(*some(seed, scale))
                self.assertLessEqual(change.error, change.lecture_bound)
                self.assertLessEqual(change.lecture_bound, change.trust_region_bound * (1 + 1e-12))

    def test_surrogate_is_right_to_first_order_along_mixtures(self):
        for seed in range(20):
            process, old, new = some(seed, scale=3)
            errors = []
            for share in (1e-3, 1e-4):
                change = return_change(process, old, (1 - share) * old + share * new)
                self.assertLessEqual(change.error, mixture_bound(process, old, new, share))
                errors.append(change.error)
            self.assertLess(errors[1], errors[0] / 50)


class Committed(unittest.TestCase):
    def test_table_is_that_of_the_results(self):
        self.assertEqual(read_rows(EXPERIMENT / "table.csv"), summarize(read_rows(EXPERIMENT / "results.csv")))

    def test_results_are_those_computed(self):
        kept = read_rows(EXPERIMENT / "results.csv")
        self.assertEqual(len(kept), PROCESSES * PAIRS)
        process, policies = pairs()[3]
        for place in range(0, PAIRS, 10):
            row = kept[3 * PAIRS + place]
            self.assertEqual((row["process"], row["pair"]), ("3", str(place)))
            for name, value in compare(process, *policies[place]).items():
                if name != "lemma_residual":
                    self.assertAlmostEqual(float(row[name]) / value, 1, places=4, msg=name)

    def test_shows_what_the_page_says(self):
        rows = read_rows(EXPERIMENT / "results.csv")
        self.assertLess(column(rows, "lemma_residual").max(), 1e-12)
        self.assertLess((column(rows, "error") / column(rows, "lecture_bound")).max(), 0.04)
        mixed = read_rows(EXPERIMENT / "mixtures.csv")
        self.assertTrue((column(mixed, "error") <= column(mixed, "bound")).all())
        self.assertEqual(len(read_rows(EXPERIMENT / "table.csv")), len(BINS) - 1)


if __name__ == "__main__":
    unittest.main()
