"""The sizes of the work, the same for every implementation (Foresight's are in its `bench` command)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlanShape:
    """One decision of PETS: cross-entropy search through a probabilistic ensemble, TS1 propagation."""

    observation: int
    action: int
    members: int
    elites: int
    hidden_layers: int
    horizon: int
    population: int
    elite_ratio: float
    momentum: float
    width: int = 200
    particles: int = 20
    iterations: int = 5

    @property
    def transitions(self) -> int:
        """Model transitions imagined for one decision."""
        return self.iterations * self.horizon * self.population * self.particles


PLANS = {
    "cartpole": PlanShape(observation=4, action=1, members=5, elites=5, hidden_layers=3, horizon=15, population=350,
                          elite_ratio=0.1, momentum=0.1),
    "halfcheetah": PlanShape(observation=18, action=6, members=7, elites=5, hidden_layers=4, horizon=30, population=350,
                             elite_ratio=0.16, momentum=0.12),
}


class FIT:
    """One epoch of an ensemble's training: 11 observations and 3 actions to 11 differences and a reward."""

    observation, action, members, hidden_layers, width = 11, 3, 7, 4, 200
    batch, transitions, learning_rate, weight_decay = 256, 50_000, 1e-3, 1e-5


class ROLLOUT:
    """Branched rollouts as MBPO imagines them: one step from each start, a policy of 2 hidden layers in the loop."""

    observation, action, members, elites, hidden_layers, width = 11, 3, 7, 5, 4, 200
    policy_width, transitions, starts, steps = 256, 50_000, 100_000, 1


class SAC:
    """One update of soft actor-critic, its batch drawn from a full buffer."""

    observation, action, width, batch, buffer = 17, 6, 256, 256, 100_000
    discount, polyak, learning_rate = 0.99, 0.005, 3e-4


class ILQR:
    """One backward and one forward pass of linear-quadratic control with affine dynamics and time-varying costs."""

    horizon, state, action = 100, 14, 7


class ON_POLICY:
    """One update on a segment of a policy's own steps, with the defaults of Stable-Baselines3."""

    observation, action, width = 17, 6, 64
    steps, epochs, batch = 2048, 10, 64
    discount, trace, clip, value_weight, gradient_norm, learning_rate = 0.99, 0.95, 0.2, 0.5, 0.5, 3e-4


class DQN:
    """One update of a deep Q-network, its batch drawn from a full buffer."""

    observation, actions, width, batch, buffer = 8, 4, 64, 64, 100_000
    discount, learning_rate, target_interval = 0.99, 5e-4, 250


class Pixels:
    """One double DQN update of the Nature network."""

    size = 84
    channels = 4
    width = 512
    actions = 6
    batch = 32
    discount = 0.99


class TDMPC2:
    """One decision and one update of TD-MPC2 in its form with a million parameters."""

    observation, action, batch = 17, 6, 256
