"""Fingerprints of what every agent computes, to see whether a change of the code changed a number.

    python3 Benchmarks/fingerprints.py --program .build/release/foresight --out after.csv
    python3 Benchmarks/fingerprints.py --compare before.csv after.csv

Each run below takes a few dozen to a few hundred steps. Its fingerprint has three parts:

* tables: SHA-256 of its CSV files, except timing.csv, which differs from one repetition to the next;
* state: SHA-256 of its last checkpoint: names, types, shapes and bytes of all tensors, sorted by name;
* values: the same without the names, so that a field which was renamed can be told from a number which changed.

Transitions in a replay are left out: they are in files of their own. Numbers are the same on all x86-64 processors with
AVX2 and FMA; the first line of the file says on which one it was made. Results do not depend on the number of threads.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS = ("run", "tables", "state", "values")

# Settings that make an agent small enough to train within 60 steps.
LEARNER = ("learner.hidden=[16,16]", "agent.batch_size=16", "agent.random_steps=20", "agent.replay_capacity=90")
ENSEMBLE = ("model.hidden=[16,16]", "model.weight_decay=[1e-4]", "model.epochs=3")
SCHEDULE = ("agent.particles=5", "agent.fit_interval=25", "environment.step_limit=30")
PLANNING = ("planner.horizon=4", "planner.population=12", *SCHEDULE, *ENSEMBLE)
DERIVATIVES = ("planner.horizon=4", "planner.iterations=2", *SCHEDULE, *ENSEMBLE)
SAMPLING = (*PLANNING, "planner.elites=4", "planner.iterations=2")
IMAGINED = (*LEARNER, *ENSEMBLE, "agent.fit_interval=25", "model.members=2", "model.elites=1")
DYNA = (*IMAGINED, "agent.imagined_updates=2")
MBPO = (
    *IMAGINED, "agent.rollouts=40", "agent.updates=2", "agent.rollout_schedule=[1,3,1,2]", "agent.epoch_length=20"
)
ME_TRPO = (
    "agent.steps=30", "agent.horizon=6", "agent.imagined_steps=60", "agent.updates=2", "agent.validation_interval=1",
    "agent.validation_rollouts=4", "learner.policy.hidden=[8,8]", "model.members=2", "model.hidden=[16,16]",
    "model.epochs=3", "model.batch_size=16",
)
BACKPROPAGATION = (
    "learner.hidden=[16,16]", "learner.horizon=3", "learner.particles=4", "agent.batch_size=8",
    "agent.random_steps=20", "agent.replay_capacity=90", "agent.fit_interval=25", *ENSEMBLE,
)
MBA = (
    *LEARNER, "environment.step_limit=15", "imagination.rollouts=4", "imagination.length=3",
    "imagination.interval=3", "imagination.updates=2", "imagination.end=100", "model.linear.episodes=3",
)
MBA_ENSEMBLE = ("model.kind=ensemble", "model.ensemble.hidden=[16,16]", "model.ensemble.epochs=3",
    "model.ensemble.weight_decay=[1e-4]")
LOCAL = (
    "environment.step_limit=10", "environment.conditions=2", "agent.samples=2",
    "model.regression.mixture.points_per_cluster=10",
)
GUIDED = (*LOCAL, "policy.hidden=[8]", "policy.steps=20", "policy.batch_size=8")
STUDENTS = (*LEARNER, "student.hidden=[16,16]", "environment.step_limit=15")
DISTILL = (*STUDENTS, "distillation.teaching_steps=60", "distillation.lesson_size=16")
CEM = ("cem.horizon=4", "cem.population=12", "cem.elites=4", "cem.iterations=2")
ICEM = ("icem.horizon=4", "icem.population=12", "icem.elites=4", "icem.iterations=2")
CATEGORICAL = (
    "categorical.horizon=4", "categorical.population=12", "categorical.elites=4", "categorical.iterations=2"
)
PRIOR = ("policy_prior=true", "prior.updates=20", "prior.hidden=[8]")
LEARNED = ("model.learns_reward=true", "model.learns_termination=true")


def search(kind: str, *settings: str) -> tuple[str, ...]:
    """Settings of `mpc` with a planner."""
    return (f"search={kind}", f"{kind}.horizon=4", *settings, *SCHEDULE, *ENSEMBLE)


# Name of the run, agent, environment, steps, settings. A new agent is one line.
RUNS = (
    ("sac", "sac", "Pendulum-v1", 120, LEARNER),
    ("sac-normalized", "sac", "Pendulum-v1", 120, (
        *LEARNER, "learner.layer_normalization=true", "learner.temperature_learning_rate=0", "agent.return_steps=3",
        "environment.wrappers.normalize_observations=true", "environment.wrappers.normalize_rewards=true")),
    ("sac-hopper", "sac", "Hopper-v5", 150, LEARNER),
    ("sac-wrapped", "sac", "cartpole-swingup", 120, (
        *LEARNER, "environment.wrappers.action_repeat=2", "environment.wrappers.frame_stack=2",
        "environment.wrappers.sticky_actions=0.25", "environment.wrappers.time_limit=20",
        "environment.wrappers.scaled_rewards=0.5", "environment.wrappers.rescale_actions=true")),
    ("td3", "td3", "Pendulum-v1", 120, LEARNER),
    ("td3-reacher", "td3", "Reacher-v5", 120, LEARNER),
    ("ddpg", "ddpg", "Pendulum-v1", 120, (*LEARNER, "learner.noise.kind=ornstein_uhlenbeck")),
    ("naf", "naf", "Pendulum-v1", 120, LEARNER),
    ("naf-precision", "naf", "point-mass", 120, (
        *LEARNER, "learner.precision_noise=true", "agent.return_steps=4")),
    ("dqn", "dqn", "CartPole-v1", 120, LEARNER),
    ("dqn-dueling", "dqn", "Acrobot-v1", 120, (
        *LEARNER, "learner.dueling=true", "learner.target_interval=7", "learner.epsilon_steps=60")),
    ("dqn-gymnasium", "dqn", "gymnasium:CartPole-v1", 120, LEARNER),
    ("q-learning", "q-learning", "chain", 150, ("environment.step_limit=30",)),
    ("q-learning-grid", "q-learning", "four-by-three", 250, ()),
    ("dyna-q", "dyna-q", "chain", 150, ("environment.step_limit=30", "agent.planning_steps=3")),
    ("dyna-q-plus", "dyna-q", "blocking-maze", 250, (
        "agent.planning_steps=3", "agent.kappa=0.01", "model.kind=empirical")),
    ("pets", "pets", "Pendulum-v1", 120, SAMPLING),
    ("pets-swingup", "pets", "cartpole-swingup", 120, (*SAMPLING, "model.propagation=ts_infinity")),
    ("pets-mujoco", "pets", "half-cheetah-pets", 120, (*SAMPLING, "agent.fit_interval=50")),
    ("pets-icem", "pets-icem", "Pendulum-v1", 120, SAMPLING),
    ("pets-mppi", "pets-mppi", "Pendulum-v1", 120, PLANNING),
    ("pets-random-shooting", "pets-random-shooting", "Pendulum-v1", 120, PLANNING),
    ("pets-gradient", "pets-gradient", "Pendulum-v1", 120, (*DERIVATIVES, "planner.restarts=3")),
    ("pets-gradient-reacher", "pets-gradient", "Reacher-v5", 120, (*DERIVATIVES, "planner.restarts=3")),
    ("pets-ilqr", "pets-ilqr", "Pendulum-v1", 120, DERIVATIVES),
    ("pets-ilqr-arm", "pets-ilqr", "planar-arm", 120, DERIVATIVES),
    ("mpc-cem", "mpc", "Pendulum-v1", 120, search("cem", *CEM, "model.propagation=mean")),
    ("mpc-icem-prior", "mpc", "Pendulum-v1", 120, search(
        "icem", *ICEM, *PRIOR, *LEARNED, "agent.replan_interval=3", "model.propagation=distribution",
        "model.score=likelihood")),
    ("mpc-cem-prior", "mpc", "cartpole-swingup", 120, search("cem", *CEM, *PRIOR)),
    ("mpc-mppi", "mpc", "Pendulum-v1", 120, search("mppi", "mppi.population=12", "model.deterministic=true")),
    ("mpc-shooting", "mpc", "point-mass-gusts", 120, search(
        "shooting", "shooting.population=12", "agent.execution=open_loop")),
    ("mpc-gradient", "mpc", "Pendulum-v1", 120, search(
        "gradient", "gradient.restarts=3", "gradient.iterations=2", "model.prediction_steps=3")),
    ("mpc-gradient-learned", "mpc", "Pendulum-v1", 120, search(
        "gradient", "gradient.restarts=3", "gradient.iterations=2", *LEARNED)),
    ("mpc-ilqr", "mpc", "cartpole-swingup", 120, search("ilqr", "ilqr.iterations=2")),
    ("mpc-linear", "mpc", "point-mass", 120, (
        "dynamics=linear", *CEM, "agent.particles=2", "agent.fit_interval=25")),
    ("mpc-linear-goals", "mpc", "point-mass-goals", 120, (
        "dynamics=linear", "search=mppi", "mppi.horizon=4", "mppi.population=12", "agent.fit_interval=25",
        "linear.samples_noise=true")),
    ("mpc-categorical", "mpc", "CartPole-v1", 120, search("cem", *CATEGORICAL)[2:]),
    ("mpc-discrete-shooting", "mpc", "MountainCar-v0", 120, (
        "search=shooting", "discrete_shooting.horizon=4", "discrete_shooting.population=12", *SCHEDULE, *ENSEMBLE)),
    ("mpc-discrete-learned", "mpc", "CartPole-v1", 120, (*search("cem", *CATEGORICAL)[2:], *LEARNED)),
    ("ilqr", "ilqr", "Pendulum-v1", 120, ("planner.horizon=10", "planner.first_iterations=10")),
    ("ilqr-curvature", "ilqr", "cartpole-swingup", 120, (
        "planner.horizon=10", "planner.first_iterations=10", "planner.uses_curvature=true")),
    ("ilqr-mujoco", "ilqr", "Reacher-v5", 120, (
        "planner.horizon=5", "planner.iterations=2", "planner.first_iterations=3")),
    ("mbpo", "mbpo", "Pendulum-v1", 120, MBPO),
    ("me-trpo", "me-trpo", "Pendulum-v1", 120, ME_TRPO),
    ("me-ppo", "me-ppo", "Pendulum-v1", 120, ME_TRPO),
    ("mbpo-hopper", "mbpo", "Hopper-v5", 150, MBPO),
    ("mve", "mve", "Pendulum-v1", 120, (*IMAGINED, "agent.horizon=2")),
    ("mve-hopper", "mve", "Hopper-v5", 120, (*IMAGINED, "agent.horizon=3", "model.learns_termination=true")),
    ("mve-td3", "mve-td3", "Pendulum-v1", 120, (*IMAGINED, "agent.td_k=false")),
    ("mve-ddpg", "mve-ddpg", "Pendulum-v1", 120, IMAGINED),
    ("dyna", "dyna", "Pendulum-v1", 120, (*DYNA, "agent.starts=initial")),
    ("dyna-hopper", "dyna", "Hopper-v5", 120, (*DYNA, "agent.rollout_steps=3")),
    ("dyna-td3", "dyna-td3", "Pendulum-v1", 120, (*DYNA, "agent.actions=replayed", "agent.rollout_steps=3")),
    ("dyna-ddpg", "dyna-ddpg", "Pendulum-v1", 120, (*DYNA, "agent.actions=random")),
    ("dyna-naf", "dyna-naf", "Pendulum-v1", 120, (*DYNA, "agent.starts=recent")),
    ("dyna-dqn", "dyna-dqn", "CartPole-v1", 120, DYNA),
    ("dyna-dqn-learned", "dyna-dqn", "CartPole-v1", 120, (*DYNA, *LEARNED, "agent.rollout_steps=3")),
    ("policy-backpropagation", "policy-backpropagation", "Pendulum-v1", 120, BACKPROPAGATION),
    ("policy-backpropagation-likelihood", "policy-backpropagation", "Pendulum-v1", 120, (
        *BACKPROPAGATION, "learner.estimator=likelihood_ratio", "learner.stochastic=true",
        "learner.entropy_weight=0.01")),
    ("policy-backpropagation-total", "policy-backpropagation", "cartpole-swingup", 120, (
        *BACKPROPAGATION, "learner.estimator=total_propagation", "learner.terminal_value=none")),
    ("policy-backpropagation-hopper", "policy-backpropagation", "Hopper-v5", 120, (
        *BACKPROPAGATION, "learner.stochastic=true", "learner.entropy_weight=0.01")),
    ("mba", "mba", "Pendulum-v1", 120, MBA),
    ("mba-ensemble", "mba", "Pendulum-v1", 120, (*MBA, *MBA_ENSEMBLE)),
    ("lqr-flm", "lqr-flm", "point-mass-obstacle", 150, (
        *LOCAL, "agent.update.constraint=step", "agent.initial.kind=pd")),
    ("lqr-flm-network", "lqr-flm", "planar-arm", 150, (
        "environment.step_limit=10", "environment.conditions=2", "agent.samples=2", "model.prior=network",
        "model.network.hidden=[16]", "model.network.epochs=3")),
    ("lqr-flm-peg", "lqr-flm", "peg-insertion", 150, (*LOCAL, "model.prior=none")),
    ("gps-badmm", "gps-badmm", "point-mass-obstacle", 150, (*GUIDED, "guided.observed=[0,1,2]")),
    ("gps-mirror", "gps-mirror", "point-mass-obstacle", 150, (*GUIDED, "guided.sampling=global")),
    ("distill", "distill", "point-mass-goals", 150, (
        *DISTILL, "distillation.teachers=tasks", "loss.feature_weight=0.1")),
    ("distill-dqn", "distill-dqn", "cartpole-poles", 150, (
        *STUDENTS, "distillation.teaching_steps=70", "distillation.lesson_size=16", "distillation.members=2")),
    ("divide-and-conquer", "divide-and-conquer", "Pendulum-v1", 120, (
        *STUDENTS, "parts.count=2", "parts.episodes=3", "shared.lesson_size=16")),
    ("distral", "distral", "reacher-goals", 120, (
        *STUDENTS, "shared.lesson_size=16", "shared.interval=3", "shared.start=50")),
    ("distral-collection", "distral", "tasks:cartpole-swingup", 120, (
        *STUDENTS[:-1], "shared.lesson_size=16", "shared.interval=3", "shared.start=50",
        "environment.members=[{step_limit: 15}, {step_limit: 15, action_cost: 0.1}]")),
)

# Work of usual size, in several shards, for fewer steps.
WIDE = (
    ("pets-wide", "pets", "cartpole-swingup", 35, ("planner.horizon=8", "environment.step_limit=30")),
    ("pets-mppi-wide", "pets-mppi", "Reacher-v5", 55, ("planner.horizon=8",)),
    ("pets-gradient-wide", "pets-gradient", "Pendulum-v1", 35, (
        "planner.horizon=8", "planner.iterations=5", "environment.step_limit=30")),
    ("pets-ilqr-wide", "pets-ilqr", "cartpole-swingup", 35, ("environment.step_limit=30",)),
    ("mbpo-wide", "mbpo", "Pendulum-v1", 60, (
        "agent.random_steps=50", "agent.rollouts=2000", "agent.updates=3", "agent.epoch_length=20",
        "agent.rollout_schedule=[1,3,1,4]", "agent.fit_interval=50", "model.epochs=20")),
    ("mbpo-hopper-wide", "mbpo", "Hopper-v5", 60, (
        "agent.random_steps=50", "agent.rollouts=2000", "agent.updates=3", "agent.epoch_length=20",
        "agent.rollout_schedule=[1,3,1,4]", "agent.fit_interval=50", "model.epochs=20")),
    ("mve-wide", "mve", "Pendulum-v1", 60, ("agent.random_steps=50", "agent.fit_interval=50", "model.epochs=20")),
    ("dyna-td3-wide", "dyna-td3", "Hopper-v5", 60, (
        "agent.random_steps=50", "agent.fit_interval=50", "model.epochs=20", "agent.rollout_steps=3")),
    ("policy-backpropagation-wide", "policy-backpropagation", "Pendulum-v1", 60, (
        "agent.random_steps=50", "agent.fit_interval=50", "model.epochs=20", "learner.particles=4")),
    ("policy-backpropagation-total-wide", "policy-backpropagation", "Hopper-v5", 60, (
        "agent.random_steps=50", "agent.fit_interval=50", "model.epochs=20", "learner.particles=8",
        "learner.estimator=total_propagation")),
    ("naf-wide", "naf", "Pusher-v5", 60, ("agent.random_steps=40", "learner.hidden=[128,64]")),
    ("sac-wide", "sac", "Ant-v5", 60, ("agent.random_steps=40",)),
    ("dqn-wide", "dqn", "CartPole-v1", 60, ("agent.random_steps=40",)),
    ("lqr-flm-wide", "lqr-flm", "reacher-conditions", 1500, ("agent.samples=3",)),
    ("gps-badmm-wide", "gps-badmm", "planar-arm", 1500, ("agent.samples=3", "policy.steps=100")),
)

# Environments that are also played at random, 100 steps each.
ENVIRONMENTS = (
    "Pendulum-v1", "cartpole-swingup", "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1",
    "point-mass", "point-mass-gusts", "point-mass-obstacle", "planar-arm", "cartpole-swingup-conditions",
    "point-mass-goals", "cartpole-poles", "swingup-poles", "reacher-goals", "dyna-maze", "blocking-maze",
    "shortcut-maze", "chain", "four-by-three", "random-mdp", "HalfCheetah-v5", "half-cheetah-pets", "Hopper-v5",
    "Walker2d-v5", "Ant-v5", "AntTruncatedObs", "Humanoid-v5", "HumanoidTruncatedObs", "HumanoidStandup-v5",
    "Swimmer-v5", "Reacher-v5", "Pusher-v5", "InvertedPendulum-v5", "InvertedDoublePendulum-v5", "peg-insertion",
    "reacher-conditions", "pusher-conditions", "gymnasium:Pendulum-v1",
)

# Runs after which the model is examined on new episodes and the agent is evaluated, too.
DIAGNOSED = ("pets", "pets-mujoco", "mpc-linear", "mpc-categorical", "mpc-icem-prior")

# Tables of commands that train no agent: name and arguments; the table's file follows.
COMMANDS = (
    ("gradient-variance", (
        "gradient-variance", "cartpole-swingup", "--horizons", "1,4", "--starts", "2", "--particles", "8",
        "--repeats", "3", "--updates", "5", "--out")),
    ("gradient-variance-pendulum", (
        "gradient-variance", "Pendulum-v1", "--horizons", "1,4", "--starts", "2", "--particles", "8",
        "--repeats", "3", "--updates", "5", "--out")),
)

# Settings that have another name in newer programs: old assignment, key, or group (with its dot), to new. Where a program
# refuses a run as it is written above, it is tried once more with these replaced.
RENAMED: dict[str, str] = {
    "dynamics": "world",
    "shooting.": "random_shooting.",
    "categorical.": "categorical_cem.",
    "model.kind=ensemble": "world=ensemble",
    "model.linear.": "time_varying_linear.",
    "model.ensemble.": "model.",
}

LOGGING = ("evaluation.interval=40", "evaluation.episodes=1", "log.interval=7")


@dataclass
class Fingerprint:
    """What identifies the results of one run."""

    run: str
    tables: str
    state: str = ""
    values: str = ""
    problem: str = field(default="", compare=False)

    def row(self) -> tuple[str, str, str, str]:
        return (self.run, self.tables, self.state, self.values)


def hash_tables(folder: Path) -> str:
    """SHA-256 over names and contents of a run's CSV files but timing.csv."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.csv")):
        if path.name != "timing.csv":
            content = path.read_bytes()
            digest.update(f"{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def hash_checkpoint(path: Path) -> tuple[str, str]:
    """SHA-256 over a safetensors file's tensors: with their names and without. Timings are left out."""
    data = path.read_bytes()
    (header_size,) = struct.unpack("<Q", data[:8])
    start = 8 + header_size
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    state, contents = hashlib.sha256(), []
    for name in sorted(header):
        if "timing" in name:
            continue
        tensor = header[name]
        begin, end = tensor["data_offsets"]
        content = hashlib.sha256(
            f"{tensor['dtype']}{tensor['shape']}\0".encode() + data[start + begin:start + end]).digest()
        state.update(name.encode() + b"\0" + content)
        contents.append(content)
    return state.hexdigest(), hashlib.sha256(b"".join(sorted(contents))).hexdigest()


def renamed(assignment: str) -> str:
    key, _, value = assignment.partition("=")
    for old, new in RENAMED.items():
        if assignment == old:
            return new
        if key == old or (old.endswith(".") and key.startswith(old)):
            return f"{new}{key.removeprefix(old)}={value}"
    return assignment


class Recorder:
    """Runs a program and takes its fingerprints."""

    def __init__(self, program: Path, folder: Path, threads: int):
        self.program = program
        self.folder = folder
        self.threads = threads

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), *arguments, "--threads", str(self.threads)], capture_output=True, text=True,
            timeout=600, cwd=self.program.parents[2] if len(self.program.parents) > 2 else None)

    def train(self, run: str, agent: str, environment: str, steps: int, settings: tuple[str, ...]) -> list[Fingerprint]:
        """The fingerprint of a run and, where it is wanted, those of its diagnosis and its evaluation."""
        out = self.folder / run
        problem = ""
        for form in (lambda setting: setting, renamed):
            assignments = [part for setting in (*settings, *LOGGING) for part in ("--set", form(setting))]
            result = self.call("train", agent, environment, "--steps", str(steps), "--out", str(out), *assignments)
            if result.returncode == 0:
                break
            problem = f"exit status {result.returncode}: {result.stderr.strip() or result.stdout.strip()}"
        else:
            return [Fingerprint(run, "failed", problem=problem)]
        (folder,) = {path.parent for path in out.rglob("manifest.json")}
        last = max(folder.glob("checkpoint-*.safetensors"), key=lambda path: int(path.stem.split("-")[1]))
        fingerprints = [Fingerprint(run, hash_tables(folder), *hash_checkpoint(last))]
        if run in DIAGNOSED:
            fingerprints += self.examine(run, folder)
        return fingerprints

    def examine(self, run: str, folder: Path) -> list[Fingerprint]:
        diagnosis = self.call(
            "diagnose", str(folder), "--episodes", "1", "--horizon", "4", "--particles", "5", "--no-figures")
        evaluation = self.call("evaluate", str(folder), "--episodes", "2")
        return [
            self.of(f"{run}:diagnose", diagnosis, lambda: hash_tables(folder / "diagnosis")),
            self.of(f"{run}:evaluate", evaluation, lambda: hashlib.sha256(evaluation.stdout.encode()).hexdigest()),
        ]

    def command(self, name: str, arguments: tuple[str, ...]) -> list[Fingerprint]:
        path = self.folder / f"{name}.csv"
        result = self.call(*arguments, str(path))
        return [self.of(name, result, lambda: hashlib.sha256(path.read_bytes()).hexdigest())]

    @staticmethod
    def of(name: str, result: subprocess.CompletedProcess[str], tables) -> Fingerprint:
        if result.returncode == 0:
            return Fingerprint(name, tables())
        return Fingerprint(name, "failed", problem=f"exit status {result.returncode}: {result.stderr.strip()}")


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return "unknown processor"


def has_instruction(name: str) -> bool:
    try:
        return f" {name} " in Path("/proc/cpuinfo").read_text().replace("\n", " \n")
    except OSError:
        return False


def record(program: Path, only: list[str], threads: int, jobs: int) -> list[Fingerprint]:
    random = [(f"random:{name}", "random", name, 100, ()) for name in ENVIRONMENTS]
    with tempfile.TemporaryDirectory(prefix="fingerprints-") as folder, ThreadPoolExecutor(jobs) as pool:
        recorder = Recorder(program, Path(folder), threads)
        tasks = [(run[0], lambda run=run: recorder.train(*run)) for run in (*RUNS, *WIDE, *random)]
        tasks += [(name, lambda name=name, rest=rest: recorder.command(name, rest)) for name, rest in COMMANDS]
        chosen = [(name, task) for name, task in tasks if not only or any(part in name for part in only)]
        results: list[Fingerprint] = []
        for future in [pool.submit(task) for _, task in chosen]:
            for fingerprint in future.result():
                results.append(fingerprint)
                print(f"{fingerprint.run:36} {fingerprint.tables[:12]} {fingerprint.state[:12]} {fingerprint.problem}",
                      flush=True)
    return results


def write(path: Path, fingerprints: list[Fingerprint]) -> None:
    widths = "".join(f" {name}" for name in ("fma", "avx2", "avx512f") if has_instruction(name))
    with path.open("w", newline="") as file:
        file.write(f"# recorded on {processor()}:{widths}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(fingerprint.row() for fingerprint in fingerprints)


def read(path: Path) -> tuple[str, dict[str, tuple[str, ...]]]:
    with path.open(newline="") as file:
        origin = file.readline().strip("# \n")
        return origin, {row["run"]: tuple(row[column] for column in COLUMNS[1:]) for row in csv.DictReader(file)}


def compare(before: Path, after: Path) -> int:
    """Prints what differs; the number of runs whose results do."""
    (origin, old), (other_origin, new) = read(before), read(after)
    if origin != other_origin:
        print(f"note: {origin}, against {other_origin}: Gaussian processes may differ for that reason alone")
    changed = 0
    for run in [*old, *(name for name in new if name not in old)]:
        if run not in new or run not in old:
            print(f"{run:36} only in {before if run in old else after}")
            continue
        (tables, state, values), (new_tables, new_state, new_values) = old[run], new[run]
        if (tables, state) == (new_tables, new_state):
            continue
        changed += tables != new_tables or values != new_values
        kinds = ["tables differ"] if tables != new_tables else []
        if state != new_state:
            kinds.append("checkpoint's fields are renamed" if values == new_values else "checkpoint differs")
        print(f"{run:36} {', '.join(kinds)}")
    common = len(old.keys() & new.keys())
    print(f"{common - changed} of {common} runs have the same results")
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, help="the foresight program to run")
    parser.add_argument("--out", type=Path, help="the table to write")
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="only runs whose name has one of these")
    parser.add_argument("--threads", type=int, default=1, help="threads of a run; no influence on results")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two tables to compare")
    options = parser.parse_args()
    if options.compare:
        return 1 if compare(*options.compare) else 0
    if not options.program:
        parser.error("say which program to run, with --program, or what to compare, with --compare")
    started = time.monotonic()
    fingerprints = record(Path(os.path.abspath(options.program)), options.only, options.threads, options.jobs)
    failed = [fingerprint for fingerprint in fingerprints if fingerprint.problem]
    print(f"{len(fingerprints)} fingerprints in {time.monotonic() - started:.0f} s, {len(failed)} failed")
    for fingerprint in failed:
        print(f"{fingerprint.run}: {fingerprint.problem}", file=sys.stderr)
    if options.out:
        write(options.out, fingerprints)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
