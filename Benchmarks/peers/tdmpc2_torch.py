"""Updates of TD-MPC2 in PyTorch, double precision, written from the equations of Hansen et al. (2024) and the settings of its
authors' code, without dropout.

Writes parameters before and after several updates, with batches and draws, for tests to compare ours with: without
terminations, and with them learned.

    python Benchmarks/peers/tdmpc2_torch.py > Tests/LearnersTests/Fixtures/tdmpc2_torch.json
"""

import itertools
import json

import torch
from actor_critic_torch import rounded
from torch.nn import functional as F

D, A, L, GROUP, N, H, CRITICS, BINS, LIMIT = 3, 2, 8, 4, 20, 2, 3, 11, 5.0
ENCODER, HIDDEN = [7], [6, 5]
RHO, CONSISTENCY, REWARD, VALUE, TERMINATION, ENTROPY = 0.5, 20.0, 0.1, 0.3, 0.7, 0.02
LOW, HIGH = -3.0, 1.0
RATE, ENCODER_SHARE, CLIP, TAU, DISCOUNT, UPDATES = 1e-3, 0.3, 0.4, 0.05, 0.9, 3
LOW_ACTION, HIGH_ACTION = torch.tensor([-2.0, 0.0]).double(), torch.tensor([2.0, 1.0]).double()


def rand(*shape, scale=1.0):
    """Numbers that single precision holds exactly."""
    return (scale * torch.randn(*shape, dtype=torch.float32)).double()


class Network:
    """Offsets in a flat vector: weight [in, out] and bias of each layer, gain and shift where it is normalized."""

    def __init__(self, widths, simplex=False):
        self.layers, self.count = [], 0
        for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            normalized = simplex or i < len(widths) - 2
            self.layers.append((self.count, inputs, outputs, normalized, i == len(widths) - 2))
            self.count += inputs * outputs + outputs * (3 if normalized else 1)

    def draw(self, spread=1):
        parts = []
        for _, inputs, outputs, normalized, last in self.layers:
            scale = spread if last else 1
            parts += [rand(inputs * outputs, scale=scale * inputs**-0.5), rand(outputs, scale=0.2)]
            if normalized:
                parts += [1 + rand(outputs, scale=0.2), rand(outputs, scale=0.2)]
        return torch.cat(parts).float().double()

    def __call__(self, parameters, x):
        for start, inputs, outputs, normalized, last in self.layers:
            weight = parameters[start:start + inputs * outputs].view(inputs, outputs)
            rest = parameters[start + inputs * outputs:]
            x = x @ weight + rest[:outputs]
            if normalized:
                x = F.layer_norm(x, (outputs,), rest[outputs:2 * outputs], rest[2 * outputs:3 * outputs])
                x = F.softmax(x.view(*x.shape[:-1], -1, GROUP), -1).flatten(-2) if last else F.mish(x)
        return x


encoder, dynamics = Network([D, *ENCODER, L], simplex=True), Network([L + A, *HIDDEN, L], simplex=True)
reward, value, policy = Network([L + A, *HIDDEN, BINS]), Network([L + A, *HIDDEN, BINS]), Network([L, *HIDDEN, 2 * A])
termination = Network([L, *HIDDEN, 1])
bins = torch.linspace(-LIMIT, LIMIT, BINS).double()


def number(logits):
    mean = (F.softmax(logits, -1) * bins).sum(-1)
    return mean.sign() * (mean.abs().exp() - 1)


def cross_entropy(logits, target):
    place = (target.sign() * (1 + target.abs()).log()).clamp(-LIMIT, LIMIT)
    # the soft two-hot code: a triangle around the place
    code = (1 - (place[..., None] - bins).abs() / (bins[1] - bins[0])).clamp(min=0)
    return -(code * F.log_softmax(logits, -1)).sum(-1)


def act(parameters, z, noise):
    mean, raw = policy(parameters, z).chunk(2, -1)
    log_std = LOW + 0.5 * (HIGH - LOW) * (raw.tanh() + 1)
    surprise = (0.5 * noise**2 + log_std + 0.9189385332046727).sum(-1)
    return (mean + log_std.exp() * noise).tanh(), surprise


def pair(z, a):
    return torch.cat([z, a], -1)


def clip(parameters):
    torch.nn.utils.clip_grad_norm_(parameters, CLIP)


def reference(ends):
    torch.manual_seed(4)
    parts = [encoder.draw(), dynamics.draw(), reward.draw(), *(value.draw(spread=5) for _ in range(CRITICS))]
    targets = [(part + rand(part.numel(), scale=0.1)).float().double() for part in parts[3:]]
    if ends:
        parts.append(termination.draw())
    heads = [part.clone().requires_grad_() for part in parts]
    values = heads[3:3 + CRITICS]
    pi = policy.draw().requires_grad_()

    def flat(tensors):
        return torch.cat([tensor.detach().flatten() for tensor in tensors]).tolist()

    before = {"world": flat(heads), "policy": flat([pi]), "targets": flat(targets)}
    optimizer = torch.optim.Adam([{"params": heads[:1], "lr": RATE * ENCODER_SHARE}, {"params": heads[1:]}], RATE)
    actor = torch.optim.Adam([pi], RATE, eps=1e-5)
    scale, batches, losses = torch.tensor(1.0).double(), [], []
    rho = RHO ** torch.arange(H + 1).double()
    for _ in range(UPDATES):
        observations, rewards = rand(H + 1, N, D), rand(H, N, scale=3)
        actions = (LOW_ACTION + (HIGH_ACTION - LOW_ACTION) * torch.rand(H, N, A)).float().double()
        continues = (torch.rand(H, N) > 0.2).double()
        target_noise, policy_noise = rand(H, N, A), rand(H + 1, N, A)
        first, second = torch.randperm(CRITICS)[:2].tolist(), torch.randperm(CRITICS)[:2].tolist()
        batches.append({
            "observations": flat([observations]), "actions": flat([actions]), "rewards": flat([rewards]),
            "continues": flat([continues]), "target_noise": flat([target_noise]),
            "policy_noise": flat([policy_noise]), "target_pair": first, "policy_pair": second})
        unit = (actions - (LOW_ACTION + HIGH_ACTION) / 2) / ((HIGH_ACTION - LOW_ACTION) / 2)
        with torch.no_grad():
            code = encoder(heads[0], observations[1:])
            x = pair(code, act(pi, code, target_noise)[0])
            least = torch.stack([number(value(targets[i], x)) for i in first]).amin(0)
            y = rewards + DISCOUNT * continues * least
        zs = [encoder(heads[0], observations[0])]
        for t in range(H):
            zs.append(dynamics(heads[1], pair(zs[-1], unit[t])))
        z = torch.stack(zs)
        x = pair(z[:-1], unit)
        weights = rho[:H] / H
        consistency = (weights * ((z[1:] - code) ** 2).mean((1, 2))).sum()
        rewarding = (weights * cross_entropy(reward(heads[2], x), rewards).mean(1)).sum()
        valuing = sum((weights * cross_entropy(value(q, x), y).mean(1)).sum() for q in values) / CRITICS
        loss = CONSISTENCY * consistency + REWARD * rewarding + VALUE * valuing
        ending = torch.zeros(())
        if ends:
            ending = F.binary_cross_entropy_with_logits(termination(heads[-1], z[1:])[..., 0], 1 - continues)
            loss = loss + TERMINATION * ending
        optimizer.zero_grad()
        loss.backward()
        clip(heads)
        optimizer.step()
        z = z.detach()
        action, surprise = act(pi, z, policy_noise)
        q = sum(number(value(values[i].detach(), pair(z, action))) for i in second) / 2
        low, high = torch.quantile(q[0].detach(), torch.tensor([0.05, 0.95]).double())
        scale = scale + TAU * ((high - low).clamp(min=1) - scale)
        improvement = -((q / scale + ENTROPY * A * surprise).mean(1) * rho).mean()
        actor.zero_grad()
        improvement.backward()
        clip([pi])
        actor.step()
        losses.append([x.item() for x in (consistency, rewarding, valuing, improvement, scale, ending)])
        with torch.no_grad():
            for target, q in zip(targets, values):
                target += TAU * (q - target)
    after = {"world": flat(heads), "policy": flat([pi]), "targets": flat(targets)}
    return rounded({"before": before, "after": after, "batches": batches, "losses": losses})


def main():
    print(json.dumps([reference(ends=False), reference(ends=True)]))


if __name__ == "__main__":
    main()
