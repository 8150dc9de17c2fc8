"""Writes what the NumPy estimators of the variance study make of ten episodes, for a test of the Swift ones:

python Plots/tests/write_reinforce_fixture.py Tests/LearnersTests/PolicyGradient/Fixtures/reinforce.json
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from foresight.theory.cart_pole import play
from foresight.theory.score_estimators import CREDITS, Setting, episode_gradients, weights
from foresight.theory.small_policy import HIDDEN, STATE_SCALE, SmallPolicy

EPISODES = 10


def main() -> None:
    random = np.random.default_rng(7)
    policy = SmallPolicy.random(random)
    policy.parameters = (policy.parameters + 0.3 * random.standard_normal(policy.parameters.shape)).astype(np.float32)
    policy.parameters = policy.parameters.astype(np.float64)
    episodes = play(policy, EPISODES, random)
    # as the Swift learner sees them
    inputs = (episodes.states / STATE_SCALE).astype(np.float32).astype(np.float64)
    states = inputs * STATE_SCALE
    value = random.standard_normal(4 * HIDDEN + 2 * HIDDEN + 1).astype(np.float32).astype(np.float64)
    first, rest = value[: 4 * HIDDEN].reshape(4, HIDDEN), value[4 * HIDDEN :]
    values = (np.tanh(inputs @ first + rest[:HIDDEN]) @ rest[HIDDEN : 2 * HIDDEN] + rest[-1]) * episodes.mask
    scores = policy.scores(states, episodes.actions)
    gradients = []
    for credit, baseline, normalize, discount in itertools.product(
            CREDITS, ("none", "constant", "value"), (False, True), (1.0, 0.99)):
        chosen = weights(Setting(credit, baseline, normalize, discount), episodes.mask,
                         {("value", discount): values}, EPISODES)
        estimate = episode_gradients(chosen[None], scores)[0].mean(axis=0)
        gradients.append({"credit": credit, "baseline": baseline, "normalize": normalize, "discount": discount,
                          "gradient": estimate.tolist()})
    steps = [int(length) for length in episodes.lengths]
    assert max(steps) < 500
    Path(sys.argv[1]).write_text(json.dumps({
        "hidden": HIDDEN, "policy": policy.parameters.tolist(), "value": value.tolist(), "lengths": steps,
        "observations": np.concatenate([inputs[e, :n].ravel() for e, n in enumerate(steps)]).tolist(),
        "actions": np.concatenate([episodes.actions[e, :n] for e, n in enumerate(steps)]).tolist(),
        "gradients": gradients}) + "\n")


main()
