"""A double DQN update of the Nature network in PyTorch, on a batch that stays the same: images 84x84x4, 6 actions, batch 32.

The optimizer is Adam, fused with the argument `fused`; images are floats in 0...1 already.
"""

import os
import sys

from shapes import Pixels
from timing import report, thread_count

os.environ["OMP_NUM_THREADS"] = str(thread_count())

import torch
from torch import nn
from torch.nn import functional

UPDATES = 2


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(Pixels.channels, 32, 8, 4), nn.ReLU(), nn.Conv2d(32, 64, 4, 2), nn.ReLU(), nn.Conv2d(64, 64, 3, 1),
        nn.ReLU(), nn.Flatten(), nn.Linear(3136, Pixels.width), nn.ReLU(), nn.Linear(Pixels.width, Pixels.actions),
    )  # fmt: skip


def main() -> None:
    torch.set_num_threads(thread_count())
    torch.manual_seed(1)
    online, target = network(), network()
    target.load_state_dict(online.state_dict())
    adam = torch.optim.Adam(online.parameters(), lr=1e-4, fused="fused" in sys.argv[1:])
    shape = (Pixels.batch, Pixels.channels, Pixels.size, Pixels.size)
    observation, following = torch.rand(shape), torch.rand(shape)
    if "channels_last" in sys.argv[1:]:
        online, target = (module.to(memory_format=torch.channels_last) for module in (online, target))
        observation, following = (x.contiguous(memory_format=torch.channels_last) for x in (observation, following))
    action = torch.randint(0, Pixels.actions, (Pixels.batch, 1))
    reward, continues = torch.randn(Pixels.batch), torch.ones(Pixels.batch)

    def update() -> None:
        with torch.no_grad():
            best = online(following).argmax(1, keepdim=True)
            goal = reward + Pixels.discount * continues * target(following).gather(1, best).squeeze(1)
        value = online(observation).gather(1, action).squeeze(1)
        loss = functional.smooth_l1_loss(value, goal)
        adam.zero_grad()
        loss.backward()
        adam.step()

    def work() -> None:
        for _ in range(UPDATES):
            update()

    report(work, UPDATES, "updates/s")


main()
