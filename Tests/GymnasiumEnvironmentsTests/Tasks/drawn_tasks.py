"""Tasks with drawn spaces and values, for the tests: all that Gymnasium's API allows, and some of what it does not."""

import gymnasium
import numpy
from gymnasium import spaces

REALS = [numpy.float16, numpy.float32, numpy.float64]
WHOLES = [numpy.int8, numpy.uint8, numpy.int16, numpy.uint16, numpy.int32, numpy.uint32, numpy.int64, numpy.uint64]
EDGES = [0, 1, -1, 0.5, 255, 1e9, 1e9 + 1, 1e-40, 1e-45, 1e38, 3e38, 1e39, 1e300, -1e300, numpy.inf, -numpy.inf]


class Custom(spaces.Space):
    """A space of a user's own."""

    def __init__(self):
        super().__init__((2,), numpy.float32)

    def sample(self, mask=None, probability=None):
        return numpy.zeros(2, numpy.float32)

    def contains(self, x):
        return True


def shape(rng):
    """No axis, one, or several, some of length 0."""
    return tuple(int(n) for n in rng.choice([0, 1, 2, 3, 5], size=rng.integers(0, 4), p=[0.04, 0.24, 0.24, 0.24, 0.24]))


def box(rng):
    kind = rng.choice([*REALS, *WHOLES, numpy.bool_])
    size = shape(rng)
    if kind is numpy.bool_:
        return spaces.Box(0, 1, size, kind)
    if numpy.issubdtype(kind, numpy.integer):
        limits = numpy.iinfo(kind)
        edges = [limits.min, limits.max, 0, 1, 5, 100]
        low, high = sorted(edges[i] for i in rng.integers(len(edges), size=2))
        return spaces.Box(kind(low), kind(high), size, kind)
    limits = numpy.finfo(kind)
    a, b = rng.choice([*EDGES, float(limits.max), float(limits.min)], size=2)
    if rng.random() < 0.5:
        a, b = rng.normal(size=2) * 10.0 ** rng.integers(-3, 4)
    a, b = (n if numpy.isinf(n) else numpy.clip(n, float(limits.min), float(limits.max)) for n in (a, b))
    return spaces.Box(min(a, b), max(a, b), size, kind)


def choices(rng):
    pick = rng.integers(6)
    if pick == 0:
        return spaces.Discrete(int(rng.choice([1, 2, 7, 2**29, 2**40])), start=int(rng.integers(-5, 5)))
    if pick == 1:
        nvec = rng.integers(1, 5, size=shape(rng))
        return spaces.MultiDiscrete(nvec, start=rng.integers(-3, 3, size=nvec.shape))
    if pick == 2:
        return spaces.MultiDiscrete([int(rng.choice([2, 2**29]))])
    if pick == 3:
        return spaces.MultiBinary([int(n) for n in rng.integers(1, 4, size=rng.integers(0, 3))])
    if pick == 4:
        return spaces.Text(int(rng.integers(1, 6)))
    return spaces.Discrete(int(rng.integers(1, 6)))


def space(rng, depth=0):
    pick = rng.integers(12)
    if pick == 0 and depth < 3:
        return spaces.Dict({f"k{i}": space(rng, depth + 1) for i in range(rng.integers(0, 3))})
    if pick == 1 and depth < 3:
        return spaces.Tuple([space(rng, depth + 1) for _ in range(rng.integers(0, 3))])
    if pick == 2 and depth < 3:
        return spaces.OneOf([space(rng, depth + 1) for _ in range(rng.integers(1, 3))])
    if pick == 3:
        pick = rng.integers(4)
        if pick == 0:
            return Custom()
        if pick == 1:
            return spaces.Sequence(spaces.Discrete(2))
        if pick == 2:
            return spaces.Graph(spaces.Box(-1, 1, (2,)), None)
    return box(rng) if rng.random() < 0.6 else choices(rng)


def disguised(value, rng):
    """The same numbers in another form, or sometimes others."""
    pick = rng.integers(8)
    if pick == 0 and isinstance(value, numpy.ndarray):
        return value.tolist()
    if pick == 1 and isinstance(value, (numpy.ndarray, numpy.generic)):
        return numpy.asarray(value, numpy.float64)
    if pick == 2:
        return [None, "text", numpy.nan, numpy.inf, [], {}, 1e300, -1, 2**70, 1 + 2j, numpy.zeros(3)][rng.integers(11)]
    return value


class Drawn(gymnasium.Env):
    """Every environment is another one; `simple` spaces are kept where only the other one matters."""

    made = 0

    def __init__(self, observes=True, acts=True, disguises=True, tag=None):
        self.rng = numpy.random.default_rng(Drawn.made)
        Drawn.made += 1
        self.observation_space = space(self.rng) if observes else spaces.Box(-1, 1, (3,))
        self.action_space = space(self.rng) if acts else spaces.Box(-1, 1, (2,))
        self.disguises = disguises
        self.observation_space.seed(1)

    def shown(self):
        value = self.observation_space.sample()
        return disguised(value, self.rng) if self.disguises else value

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.shown(), {}

    def step(self, action):
        reward = disguised(0.5, self.rng) if self.disguises else 0.5
        return self.shown(), reward, bool(self.rng.random() < 0.1), bool(self.rng.random() < 0.1), {}


gymnasium.register("Drawn-v0", Drawn, disable_env_checker=True)
