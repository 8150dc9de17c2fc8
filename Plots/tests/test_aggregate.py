import math
import sys
import unittest
import warnings
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foresight.aggregate import aggregates, efficiency_curve, performance_profile, probability_of_improvement
from foresight.intervals import _COVERAGE, coverage, interval_name
from foresight.survival import Arrivals, median_arrival, median_arrivals, sample_ratio

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rliable import library, metrics


def scores(seed: int, seeds: int = 6, tasks: int = 4) -> np.ndarray:
    """[seeds, tasks], as rliable has them."""
    return np.random.default_rng(seed).normal(0.6, 0.4, (seeds, tasks))


def by_task(matrix: np.ndarray) -> list[np.ndarray]:
    return list(matrix.T)


class AgainstRliable(unittest.TestCase):
    def test_aggregates(self):
        matrix = scores(1)
        found = aggregates(by_task(matrix))
        wanted = {"iqm": metrics.aggregate_iqm, "median": metrics.aggregate_median, "mean": metrics.aggregate_mean,
                  "optimality_gap": metrics.aggregate_optimality_gap}
        np.random.seed(1)  # rliable draws from the global generator
        _, intervals = library.get_interval_estimates(
            {"a": matrix}, lambda x: np.array([measure(x) for measure in wanted.values()]), reps=2000)
        for column, (name, measure) in enumerate(wanted.items()):
            with self.subTest(metric=name):
                self.assertAlmostEqual(found[name].value, float(measure(matrix)), places=12)
                low, high = intervals["a"][:, column]
                tolerance = 0.08 * (high - low)  # two bootstraps differ by their noise
                self.assertAlmostEqual(found[name].low, low, delta=tolerance)
                self.assertAlmostEqual(found[name].high, high, delta=tolerance)

    def test_performance_profile(self):
        matrix, levels = scores(2), np.linspace(-0.5, 2, 26)
        share, interval = performance_profile(by_task(matrix), levels)
        wanted, bounds = library.create_performance_profile({"a": matrix}, levels, reps=500)
        np.testing.assert_allclose(share, wanted["a"], atol=1e-12)
        self.assertLess(np.abs(interval - bounds["a"]).max(), 0.1)
        self.assertLess(np.abs(interval - bounds["a"]).mean(), 0.02)

    def test_probability_of_improvement_is_also_that_of_mann_and_whitney(self):
        first, second = scores(3, seeds=5), scores(4, seeds=7).round(1)
        first[0], second[0] = 0.5, 0.5  # ties
        found = probability_of_improvement(by_task(first), by_task(second))
        self.assertAlmostEqual(found.value, float(metrics.probability_of_improvement(first, second)), places=12)
        tests = [stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in zip(first.T, second.T)]
        self.assertAlmostEqual(found.value, float(np.mean(tests)), places=12)
        self.assertTrue(found.low < found.value < found.high)

    def test_tasks_with_other_numbers_of_seeds(self):
        tasks = [np.array([0.0, 1.0]), np.array([0.5, 0.5, 0.5, 2.0])]
        found = aggregates(tasks)
        self.assertAlmostEqual(found["mean"].value, (0.5 + 0.875) / 2)
        self.assertAlmostEqual(found["optimality_gap"].value, (0.5 + 0.375) / 2)
        self.assertAlmostEqual(found["iqm"].value, float(stats.trim_mean(np.concatenate(tasks), 0.25)))

    def test_efficiency_curve_is_the_iqm_point_by_point(self):
        curves = [np.random.default_rng(task).normal(size=(4, 3)) for task in range(2)]
        value, interval = efficiency_curve(curves)
        np.testing.assert_allclose(value, [metrics.aggregate_iqm(np.stack([c[:, i] for c in curves])) for i in range(3)])
        self.assertTrue((interval[0] <= value).all() and (value <= interval[1]).all())


class Coverage(unittest.TestCase):
    """An interval is called by what it covers."""

    def simulated(self, seeds: int, tasks: int, studies: int = 1000, resamples: int = 300) -> float:
        random, hits = np.random.default_rng(seeds * 100 + tasks), 0
        for _ in range(studies // 100):
            drawn = random.normal(size=(100, tasks, seeds))
            picks = random.integers(0, seeds, (100, resamples, tasks, seeds))
            means = np.take_along_axis(drawn[:, None], picks, axis=3).mean(axis=(2, 3))
            low, high = np.quantile(means, [0.025, 0.975], axis=1)
            hits += np.count_nonzero((low <= 0) & (high >= 0))
        return hits / studies

    def test_table_is_that_of_the_simulation(self):
        for tasks, seeds in ((1, 3), (1, 5), (1, 10), (5, 3), (5, 5), (5, 10)):
            with self.subTest(tasks=tasks, seeds=seeds):
                self.assertAlmostEqual(self.simulated(seeds, tasks), coverage(seeds, tasks), delta=0.035)

    def test_names(self):
        self.assertEqual(interval_name(1), "")
        self.assertEqual(interval_name(3), "range")
        self.assertEqual(interval_name(5), "bootstrap interval (about 84 %)")
        self.assertEqual(interval_name(10), "bootstrap interval (about 90 %)")
        self.assertEqual(interval_name(3, 5), "bootstrap interval (about 86 %)")
        self.assertEqual(interval_name(10, 5), "95 % interval")
        self.assertEqual(interval_name(25), "95 % interval")
        for row in _COVERAGE.values():
            self.assertEqual(list(row.values()), sorted(row.values()))


class Survival(unittest.TestCase):
    def setUp(self):
        random = np.random.default_rng(5)
        self.steps = random.integers(1, 12, 40).astype(float) * 100
        self.reached = random.random(40) < 0.7

    def test_median_is_where_scipy_curve_comes_to_one_half(self):
        for count in (3, 8, 20, 40):
            steps, reached = self.steps[:count], self.reached[:count]
            quantiles, share, _ = Arrivals(steps, reached).survival()
            below = quantiles[share <= 0.5 + 1e-12]
            self.assertEqual(median_arrival(steps, reached), below[0] if len(below) else math.inf)

    def test_medians_of_resamples_are_those_of_each(self):
        random = np.random.default_rng(0)
        for count in (1, 2, 5, 10):
            sample = Arrivals(random.integers(1, 4, count) * 100.0, random.uniform(size=count) < 0.6)
            picks = random.integers(0, count, (50, count))
            wanted = [median_arrival(sample.steps[pick], sample.reached[pick]) for pick in picks]
            np.testing.assert_array_equal(median_arrivals(sample, picks), wanted)

    def test_censored_seeds_are_no_arrivals(self):
        self.assertEqual(median_arrival(np.array([100.0, 200, 300]), np.array([True, False, False])), math.inf)
        self.assertEqual(median_arrival(np.array([100.0, 200, 300]), np.array([False, True, True])), 200)
        self.assertEqual(median_arrival(np.array([100.0, 100, 300]), np.array([False, True, True])), 300)

    def test_ratio(self):
        slow, fast = (Arrivals(np.array([1000.0, 1200, 1400]) / part, np.ones(3, bool)) for part in (1, 4))
        ratio = sample_ratio([slow, slow], [fast, fast])
        self.assertAlmostEqual(ratio.value, 4)
        self.assertTrue(ratio.low < 4 < ratio.high and not ratio.at_least and not ratio.at_most)
        never = Arrivals(np.full(3, 2000.0), np.zeros(3, bool))
        bound = sample_ratio([never], [fast])
        self.assertAlmostEqual(bound.value, 2000 / 300)
        self.assertTrue(bound.at_least and bound.text.startswith("> 6.7"))
        self.assertTrue(sample_ratio([slow], [never]).at_most)
        self.assertEqual(sample_ratio([never], [never]).text, "-")
        self.assertEqual(sample_ratio([never, slow], [fast, never]).text, "-")
        self.assertTrue(math.isnan(sample_ratio([Arrivals(np.array([10.0]), np.array([True]))], [fast]).low))


if __name__ == "__main__":
    unittest.main()
