"""Updates of REDQ, DroQ and CrossQ in PyTorch, double precision, written from the equations of their papers.

Writes the parameters before and after several updates, with the batches, for tests to compare ours with. The noise, the
critics of a target and what dropout leaves out come from our own random stream.

    python Benchmarks/peers/actor_critic_torch.py > Tests/LearnersTests/Fixtures/actor_critic_torch.json
"""

import itertools
import json
import math
import sys

import numpy as np
import torch
from random_stream import RandomStream
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
D, A, N, UPDATES = 3, 2, 20, 4
LOW, HIGH = torch.tensor([-2.0, 1.0]), torch.tensor([2.0, 5.0])
HIDDEN = [5, 4]
DISCOUNT, TAU, ACTOR_RATE, CRITIC_RATE, TEMPERATURE_RATE = 0.9, 0.1, 1e-3, 2e-3, 3e-3
numpy_random = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def draw(*shape, scale=0.6):
    return torch.tensor(np.float32(scale * numpy_random.standard_normal(shape)).astype(np.float64))


def batch():
    return {
        "observations": draw(N, D, scale=1),
        "actions": (LOW + (HIGH - LOW) * torch.tensor(np.float32(numpy_random.random((N, A))).astype(float))).float().double(),
        "rewards": draw(N),
        "continues": torch.tensor([float(row % 3 != 2) for row in range(N)]),
        "next": draw(N, D, scale=1),
    }


def split(flat, shapes):
    parts, start = [], 0
    for shape in shapes:
        count = math.prod(shape)
        parts.append(flat[start : start + count].view(shape))
        start += count
    assert start == len(flat)
    return parts


def plain_shapes(widths, normalized=False):
    shapes = []
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        shapes += [(a, b), (b,)]
        if normalized and i < len(widths) - 2:
            shapes.append((b,))
    return shapes


def plain(flat, widths, x, normalized=False, masks=None):
    parts = split(flat, plain_shapes(widths, normalized))
    for layer in range(len(widths) - 1):
        last = layer == len(widths) - 2
        weight, bias = parts.pop(0), parts.pop(0)
        z = x @ weight
        if masks is not None and not last:
            z = z * masks[layer]
        if normalized and not last:
            z = F.layer_norm(z, (z.shape[1],)) * parts.pop(0)
        x = z + bias
        if not last:
            x = torch.relu(x)
    return x


def renormalized_shapes(widths):
    return [shape for a, b in itertools.pairwise(widths) for shape in ((a,), (a,), (a, b), (b,))]


def renormalized(flat, widths, x, statistics, training, renormalizes, momentum=0.99, epsilon=1e-3):
    """Moves `statistics`, a list of [mean, variance] a layer, in training."""
    parts = split(flat, renormalized_shapes(widths))
    for layer in range(len(widths) - 1):
        gain, shift, weight, bias = (parts.pop(0) for _ in range(4))
        running_mean, running_variance = statistics[layer]
        if training:
            mean, variance = x.mean(0), x.var(0, unbiased=False)
            r, d = torch.ones_like(mean), torch.zeros_like(mean)
            if renormalizes:
                running = (running_variance + epsilon).sqrt()
                r = ((variance + epsilon).sqrt() / running).clamp(1 / 3, 3).detach()
                d = ((mean - running_mean) / running).clamp(-5, 5).detach()
            statistics[layer] = [
                momentum * running_mean + (1 - momentum) * mean.detach(),
                momentum * running_variance + (1 - momentum) * variance.detach(),
            ]
            x = (x - mean) / (variance + epsilon).sqrt() * r + d
        else:
            x = (x - running_mean) / (running_variance + epsilon).sqrt()
        x = (x * gain + shift) @ weight + bias
        if layer < len(widths) - 2:
            if training:
                # the bias of a unit that never rests has no gradient under the normalization that follows, and Adam would
                # make steps of the rounding errors
                assert not (x > 0).all(0).any(), "a unit is active in all rows: draw others"
            x = torch.relu(x)
    return x


def sample(output, noise):
    """A squashed action and its log-probability."""
    mean, log_std = output[:, :A], output[:, A:].clamp(-20, 2)
    u = mean + log_std.exp() * noise
    action = torch.tanh(u)
    # log (1 - action^2) = 2 (log 2 - u - softplus(-2 u))
    log = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi) - 2 * (math.log(2) - u - F.softplus(-2 * u))
    return action, log.sum(1)


def unit(actions):
    return 2 * (actions - LOW) / (HIGH - LOW) - 1


def pair(observations, actions):
    return torch.cat([observations, actions], 1)


def record(**tensors):
    return {
        name: (value.detach().flatten().tolist() if isinstance(value, torch.Tensor) else value)
        for name, value in tensors.items()
    }


def soft(critics, targets, ascent, interval, dropout, normalized):
    """REDQ and DroQ: soft actor-critic with more critics, or with dropout."""
    actor_widths, critic_widths = [D, *HIDDEN, 2 * A], [D + A, *HIDDEN, 1]
    size = sum(map(math.prod, plain_shapes(critic_widths, normalized)))
    actor = draw(sum(map(math.prod, plain_shapes(actor_widths)))).requires_grad_()
    q = draw(critics, size).requires_grad_()
    q_target = draw(critics, size)
    log_alpha = torch.tensor([math.log(0.3)], requires_grad=True)
    before = record(actor=actor, critics=q, critic_targets=q_target)
    optimizers = [
        torch.optim.Adam([actor], ACTOR_RATE), torch.optim.Adam([q], CRITIC_RATE),
        torch.optim.Adam([log_alpha], TEMPERATURE_RATE),
    ]
    random, left_out = RandomStream(seed=3), RandomStream(seed=1).child("dropout")

    def masks(steps, number, critic):
        if dropout == 0:
            return None
        result = []
        for layer, width in enumerate(HIDDEN):
            stream = left_out.child(steps).child(number).child(0).child(critic).child(layer)
            kept = torch.tensor(stream.uniform(N * width)).view(N, width) >= np.float32(dropout)
            result.append(kept.double() / (1 - float(np.float32(dropout))))
        return result

    def value(parameters, critic, x, steps, number):
        return plain(parameters[critic], critic_widths, x, normalized, masks(steps, number, critic))[:, 0]

    batches = []
    for update in range(UPDATES):
        data = batch()
        batches.append(record(**data))
        noise = torch.tensor(random.normal(2 * N * A)).view(2, N, A)
        subset = list(range(critics))
        if targets < critics:
            drawn = set()
            while len(drawn) < targets:
                drawn.add(random.index(critics))
            subset = sorted(drawn)
        alpha = log_alpha.exp().detach()
        with torch.no_grad():
            action, log = sample(plain(actor, actor_widths, data["next"]), noise[0])
            x = pair(data["next"], action)
            least = torch.stack([value(q_target, i, x, update, 0) for i in subset]).amin(0)
            y = data["rewards"] + DISCOUNT * data["continues"] * (least - alpha * log)
        x = pair(data["observations"], unit(data["actions"]))
        loss = sum(0.5 * ((value(q, i, x, update, 1) - y) ** 2).mean() for i in range(critics))
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        with torch.no_grad():
            q_target += TAU * (q - q_target)
        if (update + 1) % interval:
            continue
        action, log = sample(plain(actor, actor_widths, data["observations"]), noise[1])
        x = pair(data["observations"], action)
        values = torch.stack([value(q, i, x, update + 1, 2) for i in range(critics)])
        loss = (alpha * log - (values.mean(0) if ascent == "mean" else values.amin(0))).mean()
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        optimizers[2].zero_grad()
        (-(log_alpha * (log.detach() - A)).mean()).backward()
        optimizers[2].step()
    after = record(actor=actor, critics=q, critic_targets=q_target, log_temperature=log_alpha)
    return {"before": before, "after": after, "batches": batches}


def crossq(renormalization_start, interval):
    actor_widths, critic_widths, critics = [D, *HIDDEN, 2 * A], [D + A, *HIDDEN, 1], 2

    def parameters(widths):
        """Gains about 1, shifts and biases small, so that no unit is always active."""
        shapes = renormalized_shapes(widths)
        kinds = ["gain", "shift", "weight", "bias"] * (len(widths) - 1)
        parts = [
            draw(*shape) if kind == "weight" else (kind == "gain") + draw(*shape, scale=0.2)
            for kind, shape in zip(kinds, shapes)
        ]
        return torch.cat([part.flatten() for part in parts])

    actor = parameters(actor_widths).requires_grad_()
    q = torch.stack([parameters(critic_widths) for _ in range(critics)]).requires_grad_()

    def statistics(widths):
        return [[draw(width), draw(width).abs() + 0.1] for width in widths[:-1]]

    def flat(all_statistics):
        return torch.cat([part for layer in all_statistics for part in layer])

    actor_statistics = statistics(actor_widths)
    critic_statistics = [statistics(critic_widths) for _ in range(critics)]
    log_alpha = torch.tensor([math.log(0.3)], requires_grad=True)
    before = record(
        actor=actor, critics=q, actor_statistics=flat(actor_statistics),
        critic_statistics=torch.cat([flat(each) for each in critic_statistics]))
    optimizers = [
        torch.optim.Adam([actor], ACTOR_RATE, betas=(0.5, 0.999)),
        torch.optim.Adam([q], CRITIC_RATE, betas=(0.5, 0.999)), torch.optim.Adam([log_alpha], TEMPERATURE_RATE),
    ]
    random, batches = RandomStream(seed=3), []
    for update in range(UPDATES):
        data = batch()
        batches.append(record(**data))
        noise = torch.tensor(random.normal(2 * N * A)).view(2, N, A)
        alpha = log_alpha.exp().detach()
        with torch.no_grad():
            action, log = sample(
                renormalized(actor, actor_widths, data["next"], actor_statistics, False, False), noise[0])
        x = torch.cat([pair(data["observations"], unit(data["actions"])), pair(data["next"], action)])
        renormalizes = update >= renormalization_start
        both = [
            renormalized(q[i], critic_widths, x, critic_statistics[i], True, renormalizes)[:, 0]
            for i in range(critics)
        ]
        least = torch.stack([each[N:] for each in both]).amin(0).detach()
        y = data["rewards"] + DISCOUNT * data["continues"] * (least - alpha * log)
        loss = sum(0.5 * ((each[:N] - y) ** 2).mean() for each in both)
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        if (update + 1) % interval:
            continue
        output = renormalized(
            actor, actor_widths, data["observations"], actor_statistics, True, update + 1 >= renormalization_start)
        action, log = sample(output, noise[1])
        x = pair(data["observations"], action)
        values = torch.stack(
            [renormalized(q[i], critic_widths, x, critic_statistics[i], False, False)[:, 0] for i in range(critics)])
        loss = (alpha * log - values.amin(0)).mean()
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        optimizers[2].zero_grad()
        (-(log_alpha * (log.detach() - A)).mean()).backward()
        optimizers[2].step()
    after = record(
        actor=actor, critics=q, actor_statistics=flat(actor_statistics),
        critic_statistics=torch.cat([flat(each) for each in critic_statistics]), log_temperature=log_alpha)
    return {"before": before, "after": after, "batches": batches}


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else float(f"{value:.9g}")


if __name__ == "__main__":
    print(
        json.dumps(
            rounded(
                {
                    "redq": soft(critics=4, targets=2, ascent="mean", interval=2, dropout=0, normalized=False),
                    "droq": soft(critics=2, targets=2, ascent="mean", interval=2, dropout=0.2, normalized=True),
                    "crossq": crossq(renormalization_start=2, interval=2),
                }
            )
        )
    )
