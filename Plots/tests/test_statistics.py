import math
import sys
import unittest
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foresight.statistics import (
    align,
    binned_means,
    bootstrap_interval,
    interquartile_mean,
    median_with_infinities,
    steps_to_threshold,
    summarize_curves,
)


class InterquartileMean(unittest.TestCase):
    def test_drops_a_quarter_at_each_end(self):
        self.assertEqual(interquartile_mean(np.array([100.0, 1, 2, 3, 4, 5, 6, -100])), 3.5)

    def test_rounds_the_quarter_down(self):
        self.assertEqual(interquartile_mean(np.array([0.0, 3, 9])), 4.0)
        self.assertEqual(interquartile_mean(np.array([0.0, 1, 2, 3, 100])), 2.0)

    def test_works_point_by_point(self):
        scores = np.array([[0.0, 10], [1, 20], [2, 30], [100, 1000]])
        np.testing.assert_array_equal(interquartile_mean(scores), [1.5, 25])


class BootstrapInterval(unittest.TestCase):
    def test_two_seeds_give_the_two_extremes(self):
        # A quarter of the resamples repeat the low seed and a quarter the high one: both tails are wider than 2.5 %.
        np.testing.assert_array_equal(bootstrap_interval(np.array([1.0, 5.0])), [1, 5])

    def test_one_seed_has_no_interval(self):
        self.assertTrue(np.isnan(bootstrap_interval(np.array([1.0]))).all())

    def test_is_a_function_of_the_scores(self):
        scores = np.random.default_rng(3).normal(size=(5, 4))
        np.testing.assert_array_equal(bootstrap_interval(scores), bootstrap_interval(scores))

    def test_agrees_with_rliable(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from rliable import library, metrics

            scores = np.random.default_rng(0).normal(100, 20, size=(8, 1))
            np.random.seed(1)  # rliable draws from the global generator
            centers, intervals = library.get_interval_estimates(
                {"agent": scores}, lambda values: np.array([metrics.aggregate_iqm(values)]), reps=5000)
        self.assertAlmostEqual(float(interquartile_mean(scores[:, 0])), float(centers["agent"][0]), places=9)
        width = float(np.ptp(intervals["agent"]))
        worst = np.abs(bootstrap_interval(scores[:, 0]) - intervals["agent"][:, 0]).max()
        self.assertLess(worst, 0.05 * width, "two bootstraps of 5,000 resamples differ by more than their noise")


class Threshold(unittest.TestCase):
    def test_first_evaluation_that_reaches_it(self):
        self.assertEqual(steps_to_threshold(np.array([0, 100, 200, 300]), np.array([1.0, 5, 4, 6]), 5.0), 100)

    def test_never(self):
        self.assertEqual(steps_to_threshold(np.array([0, 100]), np.array([1.0, 4.9]), 5.0), math.inf)
        self.assertEqual(steps_to_threshold(np.array([]), np.array([]), 5.0), math.inf)

    def test_median_counts_seeds_that_never_arrive(self):
        self.assertEqual(median_with_infinities([300, math.inf, 100]), 300)
        self.assertEqual(median_with_infinities([300, math.inf, math.inf]), math.inf)
        self.assertEqual(median_with_infinities([100, 200, math.inf, math.inf]), math.inf)
        self.assertEqual(median_with_infinities([100, 200, 400, math.inf]), 300)


class Alignment(unittest.TestCase):
    def test_carries_the_last_observation_forward_and_no_further(self):
        first = (np.array([0, 100, 200]), np.array([1.0, 2, 3]))
        second = (np.array([50, 150]), np.array([10.0, 20]))
        grid, aligned = align([first, second])
        np.testing.assert_array_equal(grid, [0, 50, 100, 150, 200])
        np.testing.assert_array_equal(aligned, [[1, 1, 2, 2, 3], [np.nan, 10, 10, 20, np.nan]])

    def test_steps_that_lie_close_together_are_one(self):
        first = (np.array([0, 1001, 2007]), np.array([1.0, 2, 3]))
        second = (np.array([0, 1006, 2000]), np.array([4.0, 5, 6]))
        grid, aligned = align([first, second])
        np.testing.assert_array_equal(grid, [0, 1006, 2007])
        np.testing.assert_array_equal(aligned, [[1, 2, 3], [4, 5, 6]])

    def test_summary_is_over_the_curves_present(self):
        aligned = np.array([[1.0, 1, np.nan], [3, 5, 7], [np.nan] * 3])
        center, interval = summarize_curves(aligned)
        np.testing.assert_array_equal(center, [2, 3, 7])
        np.testing.assert_array_equal(interval[:, :2], [[1, 1], [3, 5]])
        self.assertTrue(np.isnan(interval[:, 2]).all())

    def test_bins_average_and_skip_empty_spans(self):
        ends, means = binned_means(np.array([10, 50, 60, 100]), np.array([1.0, 3, 5, 9]), budget=100, bins=2)
        np.testing.assert_array_equal(ends, [50, 100])
        np.testing.assert_array_equal(means, [2, 7])
        ends, means = binned_means(np.array([80]), np.array([4.0]), budget=100, bins=4)
        np.testing.assert_array_equal(ends, [100])


if __name__ == "__main__":
    unittest.main()
