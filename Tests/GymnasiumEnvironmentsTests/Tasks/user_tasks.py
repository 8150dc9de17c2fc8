"""Environments of a user's own, for the tests: every space, and everything that can go wrong."""

import os
import signal
import sys
import threading
import time

import gymnasium
import numpy
from gymnasium import spaces


class Custom(spaces.Space):
    """A space of a user's own."""


OBSERVATIONS = {
    "vector": spaces.Box(-100, 4e9, (2,), numpy.float64),
    "matrix": spaces.Box(-100, 1e9, (2, 3), numpy.float32),
    "gray": spaces.Box(0, 255, (4, 5), numpy.uint8),
    "color": spaces.Box(0, 255, (4, 5, 3), numpy.uint8),
    "planes": spaces.Box(0, 255, (2, 4, 5), numpy.uint8),
    "grid": spaces.Box(0, 1, (3, 4, 2), bool),
    "bytes": spaces.Box(0, 255, (6,), numpy.uint8),
    "choice": spaces.Discrete(4, start=-1),
    "nested": spaces.Dict({
        "where": spaces.Discrete(3), "what": spaces.Tuple((spaces.MultiBinary(2), spaces.Box(-1, 1, (2,)))),
    }),
    "number": spaces.Box(-100, 100, (), numpy.float32),
    "empty": spaces.Box(-1, 1, (0,), numpy.float32),
    "empty image": spaces.Box(0, 255, (0, 84, 3), numpy.uint8),
    "countless": spaces.Discrete(2**40),
    "custom": Custom((2,), numpy.float32),
    "hidden custom": spaces.Dict({"x": spaces.Tuple((Custom((2,), numpy.float32),))}),
    "sequence": spaces.Sequence(spaces.Discrete(2)),
    "hidden": spaces.Dict({
        "plain": spaces.Discrete(2), "heard": spaces.Tuple((spaces.Sequence(spaces.Discrete(2)), spaces.Discrete(2))),
    }),
}  # fmt: skip
ACTIONS = {
    "choice": spaces.Discrete(3, start=5),
    "choices": spaces.MultiDiscrete([3, 2]),
    "bits": spaces.MultiBinary(3),
    "box": spaces.Box(-1, 2, (2, 2), numpy.float32),
    "precise": spaces.Box(-0.1, 0.3, (1,), numpy.float64),
    "whole": spaces.Box(-3, 3, (2,), numpy.int32),
    "number": spaces.Box(-2, 3, (), numpy.float32),
    "empty": spaces.Box(-1, 1, (0,), numpy.float32),
    "no choices": spaces.MultiDiscrete([]),
    "countless": spaces.Discrete(2**24 + 1),
    "many": spaces.MultiDiscrete([3, 2**24 + 1]),
    "equal": spaces.Box(1e9, 1e9 + 1, (2,), numpy.float64),
    "fixed": spaces.Box(numpy.array([-1, 0.5]), numpy.array([1, 0.5]), dtype=numpy.float64),
    "overflowing": spaces.Box(-numpy.finfo(numpy.float64).max, numpy.finfo(numpy.float64).max, (1,), numpy.float64),
    "vast": spaces.Box(-3e38, 3e38, (1,), numpy.float32),
    "unbounded": spaces.Box(-numpy.inf, numpy.inf, (1,), numpy.float32),
    "text": spaces.Text(3),
    "bools": spaces.Box(0, 1, (2,), numpy.bool_),
    "bytes": spaces.Box(0, 255, (2,), numpy.uint8),
    "wide": spaces.Box(-(2**31), 2**31 - 1, (2,), numpy.int32),
    "long": spaces.Box(0, 2**53 + 1, (1,), numpy.int64),
    "half": spaces.Box(-0.1, 0.1, (2,), numpy.float16),
    "endless": spaces.Box(-numpy.finfo(numpy.float32).max, numpy.finfo(numpy.float32).max, (1,), numpy.float32),
    "enormous": spaces.Box(-1e20, 1e20, (1,), numpy.float32),
}


class Fragile:
    """Forgets what it held when it is pickled."""

    value = 0

    def __reduce__(self):
        return Fragile, ()


class Counter(gymnasium.Env):
    """Counts steps. Episodes end after seven of them; rewards are the sum of the action's numbers."""

    def __init__(self, observation="vector", action="choice", fault=None, at=3, holds=None):
        self.observation_space, self.action_space = OBSERVATIONS[observation], ACTIONS[action]
        self.observation, self.fault, self.at = observation, fault, at
        self.count = self.total = 0
        self.seed = None
        self.lock = threading.Lock() if holds == "lock" else None
        self.fragile = Fragile() if holds == "fragile" else None

    def seen(self):
        count = self.count
        if self.observation == "vector":
            drift = self.fragile.value if self.fragile else self.total
            return numpy.array([count, drift if count else self.seed], numpy.float64)
        if self.observation == "choice":
            return count % 4 - 1
        if self.observation == "nested":
            return {"where": count % 3, "what": (numpy.array([count % 2, 1]), numpy.array([0.25, -0.5], numpy.float32))}
        space = self.observation_space
        return (numpy.arange(numpy.prod(space.shape)) + count).reshape(space.shape).astype(space.dtype)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = self.total = 0
        self.seed = seed
        if self.fault == "reset":
            raise RuntimeError("no start today")
        return self.seen(), {}

    def step(self, action):
        assert self.action_space.contains(action), f"{action!r} is not in {self.action_space}"
        self.count += 1
        reward = float(numpy.sum(action))
        self.total += reward + float(self.np_random.random())
        if self.fragile:
            self.fragile.value += 1
        observation = self.seen()
        if self.fault and self.count == self.at:
            observation, reward = self.go_wrong(observation, reward)
        return observation, reward, self.count == 7, False, {}

    def go_wrong(self, observation, reward):
        if self.fault == "raise":
            raise RuntimeError("the wheel came off")
        if self.fault == "exit":
            os._exit(7)
        if self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "hang":
            time.sleep(1000)
        if self.fault == "nan":
            observation[1] = numpy.nan
        if self.fault == "reward":
            reward = numpy.inf
        if self.fault == "no number":
            reward = None
        if self.fault == "loud":
            raise ValueError("bad state " + "\U0001d54f" * 400_000 + "\ud800")
        if self.fault == "lock":
            sum(range(10**13))
        if self.fault == "fork" and not os.fork():
            time.sleep(600)
        if self.fault in ("fork", "leave"):
            os._exit(7)
        if self.fault == "sys.exit":
            threading.Thread(target=time.sleep, args=(600,)).start()
            sys.exit(3)
        if self.fault == "interrupt":
            raise KeyboardInterrupt
        if self.fault == "shape":
            observation = numpy.zeros(5)
        return observation, reward


class WithoutOptions(Counter):
    """As many libraries' environments: reset takes a seed and nothing else."""

    def reset(self, seed=None):
        return super().reset(seed=seed)


class Strict(gymnasium.Wrapper):
    """A layer like that."""

    def reset(self, seed=None):
        return self.env.reset(seed=seed)


class WithoutSeed(Counter):
    """As environments were before Gymnasium."""

    def reset(self):
        return super().reset()


class Reach(gymnasium.Env):
    """A goal environment: move along a line to within 0.5 of a place."""

    observation_space = spaces.Dict({
        "observation": spaces.Box(-100, 100, (2,)), "achieved_goal": spaces.Box(-100, 100, (1,)),
        "desired_goal": spaces.Box(-100, 100, (1,)),
    })
    action_space = spaces.Box(-1, 1, (1,))

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.goal = 0.0, self.np_random.uniform(-3, 3)
        return self.observation(), {}

    def observation(self):
        achieved, desired = numpy.float32([self.place]), numpy.float32([self.goal])
        return {"observation": numpy.float32([self.place, 1]), "achieved_goal": achieved, "desired_goal": desired}

    def compute_reward(self, achieved, desired, info):
        return -(numpy.linalg.norm(achieved - desired, axis=-1) > 0.5).astype(numpy.float32)

    def step(self, action):
        self.place += float(action[0])
        observation = self.observation()
        reward = float(self.compute_reward(observation["achieved_goal"], observation["desired_goal"], {}))
        return observation, reward, False, False, {}


gymnasium.register("Reach-v0", Reach, max_episode_steps=10)
gymnasium.register("WithoutOptions-v0", WithoutOptions)
gymnasium.register("StrictLayer-v0", lambda **arguments: Strict(WithoutOptions(**arguments)), max_episode_steps=5)
gymnasium.register("WithoutSeed-v0", WithoutSeed)
gymnasium.register("Counter-v0", Counter)
gymnasium.register("ShortCounter-v0", Counter, max_episode_steps=5)
