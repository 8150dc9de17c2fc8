"""Writes three updates of a critic whose maximum is searched for, as PyTorch makes them, for Foresight's tests.

    .venv/bin/pip install torch
    .venv/bin/python maximized_q_torch.py ../../Tests/LearnersTests/Fixtures/maximized_q.json

The search is reproduced, too: candidates are uniform numbers of Philox 4x32-10 streams, which are derived here as
Foresight derives them, so that both value the same candidates. Parameters are flat, layer by layer, weight [in, out]
then bias.
"""

import itertools
import json
import pathlib
import sys

import numpy as np
import torch

OBSERVATION, ACTION, HIDDEN, ROWS, SAMPLES, ITERATIONS, LAG = 3, 2, [8, 6], 70, 16, 2, 2
LOW, HIGH = np.float32([-2, 1]), np.float32([2, 5])
DISCOUNT, TAU, RATE, SEED = 0.9, 0.1, 2e-3, 3
MASK = 0xFFFFFFFF
CASES = {
    "squared": {"clipped": True},
    "huber": {"clipped": False, "limit": 0.3},
    "cross_entropy": {"clipped": True, "low": -4.0, "high": 3.0},
}


def philox(counter, key):
    """Four words for a counter of four words and a key of two (Salmon et al. 2011)."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for turn in range(10):
        if turn:
            k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = p1 >> 32 ^ c1 ^ k0, p1 & MASK, p0 >> 32 ^ c3 ^ k1, p0 & MASK
    return c0, c1, c2, c3


def halves(word):
    return word & MASK, word >> 32 & MASK


class Stream:
    """A stream of random words: `RandomStream`."""

    def __init__(self, key):
        self.key, self.counter, self.words = key, 0, []

    @staticmethod
    def mix(key, value):
        low, high, _, _ = philox((*halves(value), 0x7370_6C69, 0x7473_7472), halves(key))
        return low | high << 32

    @classmethod
    def seeded(cls, seed):
        return cls(cls.mix(0x466F_7265_7369_6768, seed))

    def child(self, index):
        return Stream(self.mix(self.key, index))

    def block(self):
        self.counter += 1
        return philox((*halves(self.counter - 1), 0, 0), halves(self.key))

    def next(self):
        """64 bits, from the words of one block after the other."""
        while len(self.words) < 2:
            self.words += self.block()
        low, high, *self.words = self.words
        return low | high << 32

    def uniform(self, count, low, high):
        """Numbers from whole fresh blocks of at most 256 words, word p of all blocks before word p + 1."""
        self.words, result = [], []
        while len(result) < count:
            length = min(256, count - len(result))
            blocks = [self.block() for _ in range((length + 3) // 4)]
            planes = [block[p] for p in range(4) for block in blocks]
            result += [np.float32(word >> 8) * np.float32((high - low) * 2.0**-24) for word in planes[:length]]
        return np.minimum(np.float32(low) + np.float32(result), np.nextafter(np.float32(high), np.float32(low)))


def layers(flat):
    """The weights and biases of flat parameters."""
    widths, place, result = [OBSERVATION + ACTION, *HIDDEN, 1], 0, []
    for inputs, outputs in itertools.pairwise(widths):
        weight = flat[place:place + inputs * outputs].reshape(inputs, outputs)
        place += inputs * outputs
        result.append((weight, flat[place:place + outputs]))
        place += outputs
    return result


def forward(flat, x):
    *hidden, (weight, bias) = layers(flat)
    for w, b in hidden:
        x = torch.tanh(x @ w + b)
    return (x @ weight + bias).squeeze(-1)


def maximize(target, states, root):
    """The best of all candidates of each state, [N, A]."""
    best = []
    for row, state in enumerate(states):
        stream = root.child(row)
        candidates = np.concatenate([stream.uniform(SAMPLES * ACTION, -1, 1) for _ in range(ITERATIONS)])
        actions = torch.tensor(candidates.reshape(-1, ACTION))
        values = forward(target, torch.cat([state.expand(len(actions), -1), actions], 1))
        best.append(actions[values.argmax()])
    return torch.stack(best)


def update(case, loss_name, critic, target, lagged, batch, root, optimizer):
    """One step, as in `MaximizedQLearning`; the critic's loss."""
    observations, actions, rewards, following, continues = batch

    def value(output):
        if loss_name != "cross_entropy":
            return output
        return case["low"] + (case["high"] - case["low"]) * torch.sigmoid(output)

    with torch.no_grad():
        x = torch.cat([following, maximize(target, following, root)], 1)
        best = forward(target, x)
        if case["clipped"]:
            best = torch.minimum(best, forward(lagged, x))
        y = rewards + DISCOUNT * continues * value(best)
    middle, half = torch.tensor((LOW + HIGH) / 2), torch.tensor((HIGH - LOW) / 2)
    output = forward(critic, torch.cat([observations, (actions - middle) / half], 1))
    if loss_name == "squared":
        loss = 0.5 * torch.nn.functional.mse_loss(output, y)
    elif loss_name == "huber":
        loss = torch.nn.functional.huber_loss(output, y, delta=case["limit"])
    else:
        share = ((y - case["low"]) / (case["high"] - case["low"])).clamp(0, 1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(output, share)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        target += TAU * (critic - target)
    return loss.item()


def numbers(array):
    return [float(f"{x:.9g}") for x in np.asarray(array, dtype=np.float64).ravel()]


def main():
    random = np.random.default_rng(11)
    count = sum((a + 1) * b for a, b in zip([OBSERVATION + ACTION, *HIDDEN], [*HIDDEN, 1], strict=True))
    result = {
        "observation_size": OBSERVATION, "hidden": HIDDEN, "samples": SAMPLES, "iterations": ITERATIONS, "lag": LAG,
        "discount": DISCOUNT, "tau": TAU, "learning_rate": RATE, "seed": SEED, "low": numbers(LOW), "high": numbers(HIGH),
        "cases": {}}
    for name, case in CASES.items():
        drawn = [torch.tensor(np.float32(0.5 * random.normal(size=count))) for _ in range(3)]
        critic, target, lagged = drawn
        entry = {"critic": numbers(critic), "target": numbers(target), "lagged": numbers(lagged), "batches": [],
                 "losses": [], **case}
        critic.requires_grad_(True)
        optimizer, stream = torch.optim.Adam([critic], lr=RATE), Stream.seeded(SEED)
        for step in range(3):
            states = np.float32(random.normal(size=(2, ROWS, OBSERVATION)))
            actions = np.float32(LOW + (HIGH - LOW) * random.random((ROWS, ACTION)))
            rewards, continues = np.float32(random.normal(size=ROWS)), np.float32(np.arange(ROWS) % 3 > 0)
            entry["batches"].append({
                "observations": numbers(states[0]), "actions": numbers(actions), "rewards": numbers(rewards),
                "next": numbers(states[1]), "continues": numbers(continues)})
            batch = [torch.tensor(a) for a in (states[0], actions, rewards, states[1], continues)]
            root = Stream.seeded(stream.next())
            entry["losses"].append(update(case, name, critic, target, lagged, batch, root, optimizer))
            if (step + 1) % LAG == 0:
                lagged = target.clone()
        entry["critic_after"], entry["target_after"] = numbers(critic.detach()), numbers(target)
        result["cases"][name] = entry
    pathlib.Path(sys.argv[1]).write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
