"""Updates of implicit and of conservative Q-learning in PyTorch, double precision, written from the equations of their papers.

Writes the parameters before and after several updates, with the batches, for tests to compare ours with. Noise and actions
drawn come from our own random stream.

    python Benchmarks/peers/offline_torch.py > Tests/LearnersTests/Fixtures/offline_torch.json
"""

import json
import math

import torch
from actor_critic_torch import (
    ACTOR_RATE,
    CRITIC_RATE,
    DISCOUNT,
    HIDDEN,
    TAU,
    TEMPERATURE_RATE,
    UPDATES,
    A,
    D,
    N,
    batch,
    draw,
    pair,
    plain,
    plain_shapes,
    record,
    rounded,
    sample,
    unit,
)
from random_stream import RandomStream
from torch.nn import functional as F

VALUE_RATE = 4e-3
CHOICES = 4


def size(widths):
    return sum(map(math.prod, plain_shapes(widths)))


def iql(expectile, beta, largest, decay):
    """Implicit Q-learning: value, then actor and critics with the new value, then the critics' targets."""
    actor_widths, critic_widths, value_widths = [D, *HIDDEN, A], [D + A, *HIDDEN, 1], [D, *HIDDEN, 1]
    actor = torch.cat([draw(size(actor_widths)), draw(A, scale=0.3)]).requires_grad_()
    value = draw(size(value_widths)).requires_grad_()
    q = draw(2, size(critic_widths)).requires_grad_()
    q_target = draw(2, size(critic_widths))
    before = record(actor=actor, value=value, critics=q, critic_targets=q_target)
    optimizers = [
        torch.optim.Adam([actor], ACTOR_RATE), torch.optim.Adam([value], VALUE_RATE), torch.optim.Adam([q], CRITIC_RATE)]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizers[0], T_max=decay)
    batches = []

    def v(observations):
        return plain(value, value_widths, observations)[:, 0]

    for _ in range(UPDATES):
        data = batch()
        batches.append(record(**data))
        actions = unit(data["actions"])
        x = pair(data["observations"], actions)
        least = torch.stack([plain(q_target[i], critic_widths, x)[:, 0] for i in range(2)]).amin(0)
        u = least - v(data["observations"])
        loss = ((expectile - (u < 0).double()).abs() * u**2).mean()
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        weight = (beta * (least - v(data["observations"]).detach())).exp().clamp(max=largest)
        mean = torch.tanh(plain(actor[:-A], actor_widths, data["observations"]))
        policy = torch.distributions.Normal(mean, actor[-A:].clamp(-5, 2).exp())
        optimizers[0].zero_grad()
        (-(weight * policy.log_prob(actions).sum(1)).mean()).backward()
        y = data["rewards"] + DISCOUNT * data["continues"] * v(data["next"]).detach()
        optimizers[2].zero_grad()
        sum(0.5 * ((plain(q[i], critic_widths, x)[:, 0] - y) ** 2).mean() for i in range(2)).backward()
        optimizers[0].step()
        schedule.step()
        optimizers[2].step()
        with torch.no_grad():
            q_target += TAU * (q - q_target)
    return {
        "before": before, "batches": batches,
        "after": record(actor=actor, value=value, critics=q, critic_targets=q_target),
    }


def cql(weight, samples):
    """Conservative Q-learning around soft actor-critic, without the entropy in targets."""
    actor_widths, critic_widths = [D, *HIDDEN, 2 * A], [D + A, *HIDDEN, 1]
    actor = draw(size(actor_widths)).requires_grad_()
    q = draw(2, size(critic_widths)).requires_grad_()
    q_target = draw(2, size(critic_widths))
    log_alpha = torch.tensor([math.log(0.3)], requires_grad=True)
    before = record(actor=actor, critics=q, critic_targets=q_target)
    optimizers = [
        torch.optim.Adam([actor], ACTOR_RATE), torch.optim.Adam([q], CRITIC_RATE),
        torch.optim.Adam([log_alpha], TEMPERATURE_RATE)]
    random, batches = RandomStream(seed=3), []

    def value(parameters, i, x):
        return plain(parameters[i], critic_widths, x)[:, 0]

    for _ in range(UPDATES):
        data = batch()
        batches.append(record(**data))
        noise = torch.tensor(random.normal(2 * N * A)).view(2, N, A)
        uniform = 2 * torch.tensor(random.uniform(samples * N * A)).view(samples, N, A) - 1
        drawn = torch.tensor(random.normal(2 * samples * N * A)).view(2, samples, N, A)
        alpha = log_alpha.exp().detach()
        with torch.no_grad():
            action, _ = sample(plain(actor, actor_widths, data["next"]), noise[0])
            x = pair(data["next"], action)
            y = data["rewards"] + DISCOUNT * data["continues"] * torch.stack(
                [value(q_target, i, x) for i in range(2)]).amin(0)
            others = [(uniform[k], torch.full((N,), -A * math.log(2))) for k in range(samples)]
            for kind, observations in enumerate((data["observations"], data["next"])):
                output = plain(actor, actor_widths, observations)
                others += [sample(output, drawn[kind, k]) for k in range(samples)]
        x = pair(data["observations"], unit(data["actions"]))
        loss = 0
        for i in range(2):
            found = value(q, i, x)
            rest = torch.stack([value(q, i, pair(data["observations"], a)) - log for a, log in others])
            loss = loss + 0.5 * ((found - y) ** 2).mean() + weight * (rest.logsumexp(0) - found).mean()
        optimizers[1].zero_grad()
        loss.backward()
        optimizers[1].step()
        with torch.no_grad():
            q_target += TAU * (q - q_target)
        action, log = sample(plain(actor, actor_widths, data["observations"]), noise[1])
        x = pair(data["observations"], action)
        loss = (alpha * log - torch.stack([value(q, i, x) for i in range(2)]).amin(0)).mean()
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        optimizers[2].zero_grad()
        (-(log_alpha * (log.detach() - A)).mean()).backward()
        optimizers[2].step()
    after = record(actor=actor, critics=q, critic_targets=q_target, log_temperature=log_alpha)
    return {"before": before, "after": after, "batches": batches}


def conservative_dqn(weight, dueling):
    """Double Q-learning of discrete actions with the penalty of conservative Q-learning, Huber's loss."""
    widths = [D, *HIDDEN, CHOICES + dueling]
    network, target = draw(size(widths)).requires_grad_(), draw(size(widths))
    before = record(network=network, target=target)
    optimizer, batches = torch.optim.Adam([network], CRITIC_RATE), []

    def values(parameters, observations):
        out = plain(parameters, widths, observations)
        return out[:, :1] + out[:, 1:] - out[:, 1:].mean(1, keepdim=True) if dueling else out

    for _ in range(UPDATES):
        data = batch()
        choice = (data["actions"][:, 1] - 1).floor().long().clamp(0, CHOICES - 1)
        data["actions"] = choice.double()
        batches.append(record(**data))
        with torch.no_grad():
            best = values(network, data["next"]).argmax(1, keepdim=True)
            y = data["rewards"] + DISCOUNT * data["continues"] * values(target, data["next"]).gather(1, best)[:, 0]
        found = values(network, data["observations"])
        taken = found.gather(1, choice[:, None])[:, 0]
        loss = F.huber_loss(taken, y) + weight * (found.logsumexp(1) - taken).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            target += TAU * (network - target)
    return {"before": before, "after": record(network=network, target=target), "batches": batches}


if __name__ == "__main__":
    cases = {
        "iql": iql(expectile=0.8, beta=2, largest=1.5, decay=10), "cql": cql(weight=0.7, samples=3),
        "dqn": conservative_dqn(0.7, dueling=False), "dueling": conservative_dqn(0.7, dueling=True),
    }
    print(json.dumps(rounded(cases)))
