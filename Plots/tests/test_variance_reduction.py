import itertools
import sys
import unittest
from pathlib import Path

import gymnasium
import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENT = PLOTS.parent / "Experiments/variance-reduction"
sys.path.insert(0, str(PLOTS))
from foresight.theory.cart_pole import Episodes, is_fallen, play, successor
from foresight.theory.files import read_rows
from foresight.theory.score_estimators import (
    Setting,
    ValueFunction,
    episode_gradients,
    rewards_to_go,
    weights,
)
from foresight.theory.small_policy import SmallPolicy
from variance_reduction import PLAIN, STAGES, Spread, largest_z, settings, summarize


def a_policy(seed: int = 1) -> SmallPolicy:
    """A policy whose probabilities differ from state to state."""
    random = np.random.default_rng(seed)
    policy = SmallPolicy.random(random)
    policy.parameters = policy.parameters + 0.3 * random.standard_normal(policy.parameters.shape)
    return policy


def enumerate_episodes(policy: SmallPolicy, start: np.ndarray, limit: int) -> tuple[Episodes, np.ndarray]:
    """All episodes from a start, and their probabilities."""
    states, actions, lengths, probabilities = [], [], [], []
    for choice in itertools.product((0.0, 1.0), repeat=limit):
        seen, state, length, probability = np.zeros((limit, 4)), start[None], 0, 1.0
        for t, action in enumerate(choice):
            seen[t], right = state[0], float(policy.probability(state)[0])
            probability *= right if action else 1 - right
            state, length = successor(state, np.array([action])), length + 1
            if is_fallen(state)[0]:
                break
        if any(choice[length:]):
            continue  # the same episode as with zeros after its end
        states.append(seen)
        actions.append(choice)
        lengths.append(length)
        probabilities.append(probability)
    return Episodes(np.array(states), np.array(actions), np.array(lengths)), np.array(probabilities)


class CartPole(unittest.TestCase):
    def test_steps_are_those_of_gymnasium(self):
        environment = gymnasium.make("CartPole-v1").unwrapped
        random = np.random.default_rng(3)
        environment.reset(seed=0)
        for _ in range(200):
            state, action = random.uniform(-1, 1, 4) * [2.4, 3, 0.25, 3], int(random.integers(2))
            environment.state, environment.steps_beyond_terminated = state, None
            _, reward, fallen, _, _ = environment.step(action)
            after = successor(state[None], np.array([action]))
            np.testing.assert_allclose(after[0], environment.state, rtol=1e-12, atol=1e-15)
            self.assertEqual((reward, fallen), (1, bool(is_fallen(after)[0])))

    def test_episodes_end_where_they_are_lost_or_cut_off(self):
        episodes = play(a_policy(), 50, np.random.default_rng(5), limit=20)
        self.assertTrue(any(episodes.lengths < 20) and any(episodes.lengths == 20))
        for states, actions, length in zip(episodes.states, episodes.actions, episodes.lengths):
            after = successor(states[:length], actions[:length])
            np.testing.assert_array_equal(after[:-1], states[1:length])
            self.assertFalse(is_fallen(states[:length]).any())
            if length < 20:
                self.assertTrue(is_fallen(after[-1:])[0])
            self.assertFalse(states[length:].any() or actions[length:].any())
        np.testing.assert_array_equal(episodes.mask.sum(axis=1), episodes.lengths)


class Estimators(unittest.TestCase):
    def test_scores_are_derivatives_of_the_logarithm(self):
        policy, states = a_policy(), np.random.default_rng(2).uniform(-0.2, 0.2, (6, 4))
        actions = np.array([0.0, 1, 1, 0, 1, 0])
        scores = policy.scores(states, actions)
        for index in range(len(policy.parameters)):
            logs = []
            for step in (1e-6, -1e-6):
                moved = policy.parameters.copy()
                moved[index] += step
                right = SmallPolicy(moved).probability(states)
                logs.append(np.log(np.where(actions == 1, right, 1 - right)))
            np.testing.assert_allclose(scores[:, index], (logs[0] - logs[1]) / 2e-6, rtol=1e-5, atol=1e-8)

    def test_rewards_to_go(self):
        np.testing.assert_allclose(rewards_to_go(np.array([[1.0, 1, 1, 0]]), 0.5), [[1.75, 1.5, 1, 0]])

    def test_normalized_credits(self):
        mask = (np.arange(9) < np.array([[4], [9], [2], [7]])).astype(float)
        found = weights(Setting("reward_to_go", normalize=True), mask, {}, batch=2)
        for pair in (slice(0, 2), slice(2, 4)):
            steps = mask[pair].sum()
            credits = (found[pair] * steps / 2)[mask[pair] > 0]
            self.assertAlmostEqual(credits.mean(), 0, places=12)
            self.assertAlmostEqual(credits.std(ddof=1), 1, places=6)
        self.assertFalse(found[mask == 0].any())

    def test_expectations_over_all_episodes(self):
        """Unbiased settings give the gradient of the return to 1e-9, the others do not, in batches of two out of all
        episodes of at most six steps that start near the fall."""
        policy, start, limit = a_policy(), np.array([0.0, 0.3, 0.17, 0.6]), 6
        episodes, probabilities = enumerate_episodes(policy, start, limit)
        self.assertAlmostEqual(probabilities.sum(), 1, places=12)
        self.assertGreater(len(set(episodes.lengths)), 2)
        exact = {discount: expected_gradient(policy, start, limit, discount) for discount in (1.0, 0.99, 0.8)}
        other = play(a_policy(7), 40, np.random.default_rng(1), limit)
        pairs = np.array(list(itertools.product(range(len(probabilities)), repeat=2)))
        mask, scores = episodes.mask[pairs.ravel()], policy.scores(episodes.states, episodes.actions)[pairs.ravel()]
        together = probabilities[pairs].prod(axis=1)
        values = {(name, discount): ValueFunction.fit(other, discount, limit, name == "timed_value")(episodes)[pairs.ravel()]
                  for name in ("value", "timed_value") for discount in (1.0, 0.8)}
        for setting in settings():
            if setting.discount < 1:  # a smaller discount, to tell a bias from rounding
                setting = Setting(setting.credit, setting.baseline, setting.normalize, 0.8, setting.from_start)
            sums = episode_gradients(weights(setting, mask, values, 2)[None], scores)[0]
            mean = together @ sums.reshape(len(pairs), 2, -1).mean(axis=1)
            difference = np.abs(mean - exact[setting.discount]).max() / np.abs(exact[setting.discount]).max()
            with self.subTest(setting=setting.name):
                self.assertEqual(difference < 1e-8, setting.is_unbiased, difference)
                if not setting.is_unbiased:
                    self.assertGreater(difference, 1e-3)

    def test_values_fit_what_they_can(self):
        """Time alone tells what is left of episodes that are never lost, and only one function knows it."""
        steps = 30
        states = np.random.default_rng(4).uniform(-0.1, 0.1, (20, steps, 4))
        episodes = Episodes(states, np.zeros((20, steps)), np.full(20, steps))
        targets = rewards_to_go(episodes.mask, 1)
        timed, plain = (ValueFunction.fit(episodes, 1, steps, timed)(episodes) for timed in (True, False))
        self.assertLess(np.abs(timed - targets).max(), 0.1)
        self.assertGreater(np.abs(plain - targets).max(), 5)


class Statistics(unittest.TestCase):
    def test_spread_of_known_estimates(self):
        estimates = np.array([[1.0, 0], [3, 0], [2, 1], [2, -1]])
        spread = Spread(estimates, np.array([5.0, 0]), np.array([[0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0]]))
        self.assertAlmostEqual(spread.variance, 4 / 3)
        np.testing.assert_allclose(spread.variances, [4 / 3, 0], atol=1e-12)
        self.assertAlmostEqual(spread.noise, 1 / 3)

    def test_z_of_equal_and_of_scaled_means(self):
        random = np.random.default_rng(9)
        reference = 1 + random.standard_normal((4000, 5))
        same, doubled = 1 + random.standard_normal((1000, 5)), 2 + random.standard_normal((1000, 5))
        self.assertLess(largest_z(same, reference), 4)
        self.assertGreater(largest_z(doubled, reference), 20)
        self.assertLess(largest_z(doubled, reference, scaled=True), 4)


class Committed(unittest.TestCase):
    def test_table_is_that_of_the_results(self):
        rows = read_rows(EXPERIMENT / "results.csv")
        self.assertEqual(read_rows(EXPERIMENT / "table.csv"), summarize(rows))
        self.assertEqual({(row["stage"], row["setting"]) for row in rows},
                         set(itertools.product(STAGES, (setting.name for setting in settings()))))

    def test_shows_what_the_page_says(self):
        for row in read_rows(EXPERIMENT / "results.csv"):
            with self.subTest(stage=row["stage"], setting=row["setting"]):
                if row["unbiased"] == "1":
                    self.assertLess(float(row["largest_z"]), 4)
                if row["setting"] == PLAIN.name:
                    self.assertEqual((row["relative_variance"], row["relative_noise"]), ("1", "1"))
                elif row["normalized"] == "0" and row["discount"] == "1":
                    self.assertLess(float(row["relative_variance_high"]), 1)


def expected_gradient(policy: SmallPolicy, start: np.ndarray, limit: int, discount: float) -> np.ndarray:
    """The gradient of the expected return by central differences."""
    gradient = np.zeros_like(policy.parameters)
    for index in range(len(gradient)):
        for sign in (1, -1):
            moved = policy.parameters.copy()
            moved[index] += sign * 1e-5
            episodes, probabilities = enumerate_episodes(SmallPolicy(moved), start, limit)
            gradient[index] += sign * probabilities @ rewards_to_go(episodes.mask, discount)[:, 0] / 2e-5
    return gradient


if __name__ == "__main__":
    unittest.main()
