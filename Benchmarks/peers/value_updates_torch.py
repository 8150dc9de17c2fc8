"""Updates of value networks in PyTorch, for the tests of Foresight's deep Q-networks.

    .venv/bin/pip install torch
    .venv/bin/python value_updates_torch.py     # writes ../../Tests/LearnersTests/Value/Fixtures/value_updates.json

Each case has a network and a target network drawn at random, a batch, the loss and the network after one step of Adam.
Weights are flat, layer by layer: weight [in, out], then bias.
"""

import itertools
import json
from pathlib import Path

import torch

OUT = Path(__file__).parents[2] / "Tests/LearnersTests/Value/Fixtures/value_updates.json"
INPUTS, ACTIONS, HIDDEN, BATCH = 3, 4, [6, 5], 16
DISCOUNT, RATE, LIMIT = 0.9, 2e-3, 0.7
LOW, HIGH = -2.0, 3.0
CASES = {
    "dqn": {},
    "double": {"double": True},
    "double_dueling": {"double": True, "dueling": True},
    "weighted": {"double": True, "weighted": True},
    "categorical": {"distribution": "categorical", "atoms": 11},
    "categorical_double_dueling": {"distribution": "categorical", "atoms": 11, "double": True, "dueling": True},
    "quantile": {"distribution": "quantile", "atoms": 7},
    "quantile_double_dueling": {"distribution": "quantile", "atoms": 7, "double": True, "dueling": True},
}


def flat(parameters):
    return torch.cat([p.detach().reshape(-1) for p in parameters]).tolist()


def network(outputs, generator):
    widths = [INPUTS, *HIDDEN, outputs]
    parameters = []
    for width, following in itertools.pairwise(widths):
        parameters.append(0.6 * torch.randn(width, following, generator=generator))
        parameters.append(0.3 * torch.randn(following, generator=generator))
    return parameters


def forward(parameters, x):
    for index in range(0, len(parameters) - 2, 2):
        x = torch.tanh(x @ parameters[index] + parameters[index + 1])
    return x @ parameters[-2] + parameters[-1]


def returns(parameters, x, atoms, dueling):
    """What the network says of every action, [N, K, atoms]."""
    rows = forward(parameters, x).reshape(len(x), -1, atoms)
    if not dueling:
        return rows
    value, advantages = rows[:, :1], rows[:, 1:]
    return value + advantages - advantages.mean(1, keepdim=True)


def project(probabilities, values, support):
    """The categorical projection, by the triangular kernel: every mass spreads over the atoms nearer than one gap."""
    gap = support[1] - support[0]
    values = values.clamp(support[0], support[-1])
    share = (1 - (values[:, None, :] - support[None, :, None]).abs() / gap).clamp(min=0)
    return (share * probabilities[:, None, :]).sum(2)


def update(double=False, dueling=False, weighted=False, distribution="expected", atoms=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    torch.set_default_dtype(torch.float64)
    outputs = atoms * (ACTIONS + int(dueling))
    online = [p.requires_grad_() for p in network(outputs, generator)]
    target = network(outputs, generator)
    x = torch.randn(BATCH, INPUTS, generator=generator)
    following = torch.randn(BATCH, INPUTS, generator=generator)
    actions = torch.randint(0, ACTIONS, (BATCH,), generator=generator)
    rewards = torch.randn(BATCH, generator=generator)
    goes_on = (torch.rand(BATCH, generator=generator) > 0.3).double()
    weights = torch.rand(BATCH, generator=generator) + 0.1 if weighted else torch.ones(BATCH)
    support = torch.linspace(LOW, HIGH, atoms)

    def means(said):
        if distribution == "categorical":
            return (said.softmax(2) * support).sum(2)
        return said.mean(2)

    rows = torch.arange(BATCH)
    with torch.no_grad():
        judged = returns(target, following, atoms, dueling)
        chooser = returns(online, following, atoms, dueling) if double else judged
        best = means(chooser).argmax(1)
        successor = judged[rows, best]
    said = returns(online, x, atoms, dueling)[rows, actions]
    factor = (DISCOUNT * goes_on)[:, None]
    if distribution == "expected":
        y = rewards + factor[:, 0] * successor[:, 0]
        losses = torch.nn.functional.huber_loss(said[:, 0], y, reduction="none", delta=LIMIT)
    elif distribution == "categorical":
        y = project(successor.softmax(1), rewards[:, None] + factor * support, support)
        losses = -(y * said.log_softmax(1)).sum(1)
    else:
        y = rewards[:, None] + factor * successor
        levels = (torch.arange(atoms) + 0.5) / atoms
        u = y[:, None, :] - said[:, :, None]
        huber = torch.nn.functional.huber_loss(u, torch.zeros_like(u), reduction="none", delta=LIMIT)
        losses = ((levels[None, :, None] - (u < 0).double()).abs() * huber / LIMIT).mean(2).sum(1)
    loss = (weights * losses).mean()
    before = flat(online)
    optimizer = torch.optim.Adam(online, lr=RATE)
    loss.backward()
    optimizer.step()
    return {
        "double": double, "dueling": dueling, "distribution": distribution, "atoms": max(atoms, 2),
        "before": before, "target": flat(target), "after": flat(online), "loss": loss.item(),
        "observations": x.reshape(-1).tolist(), "next": following.reshape(-1).tolist(), "actions": actions.tolist(),
        "rewards": rewards.tolist(), "continues": goes_on.tolist(), "weights": weights.tolist(),
    }  # fmt: skip


if __name__ == "__main__":
    cases = {name: update(**case, seed=seed) for seed, (name, case) in enumerate(CASES.items())}
    settings = {
        "hidden": HIDDEN, "observation_size": INPUTS, "action_count": ACTIONS, "discount": DISCOUNT, "learning_rate": RATE,
        "error_limit": LIMIT, "lowest_return": LOW, "highest_return": HIGH,
    }  # fmt: skip
    text = json.dumps({"settings": settings, "cases": cases}, sort_keys=True, separators=(",", ":"))
    OUT.write_text(text + "\n")
