"""End to end: environment steps a second of PPO in Foresight and in Stable-Baselines3, in turn, in one run.

    .venv/bin/python learn_speed.py CartPole-v1 HalfCheetah-v4 [--rounds 3] [--threads 1] > speed.jsonl

Both collect 256 steps of each of 8 copies and make 10 epochs in minibatches of 64, with the networks of `MlpPolicy`; no
evaluations. Rates are by the clock, from before the first step to after the last, and by the processor time of all of a
library's processes, which other work on the machine disturbs less. Prints a JSON line for each measurement, and on standard
error the medians and their ratios.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COPIES, STEPS, MINIBATCH, EPOCHS = 8, 256, 64, 10
ROLLOUT = COPIES * STEPS
HERE = Path(__file__).resolve().parent


def peer(task: str, rollouts: int, threads: int, processes: bool) -> tuple[float, float]:
    """Seconds that `learn` takes, by the clock and of the processor; a first call warms up."""
    import gymnasium
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

    torch.set_num_threads(threads)
    copies = (SubprocVecEnv if processes else DummyVecEnv)([lambda: gymnasium.make(task)] * COPIES)
    learner = PPO("MlpPolicy", copies, n_steps=STEPS, batch_size=MINIBATCH, n_epochs=EPOCHS, device="cpu", seed=0)
    learner.learn(ROLLOUT)
    start, before = time.perf_counter(), time.process_time()
    learner.learn(rollouts * ROLLOUT, reset_num_timesteps=False)
    return time.perf_counter() - start, time.process_time() - before


def run_peer(task: str, rollouts: int, threads: int, processes: bool) -> tuple[float, float]:
    """In a process of its own."""
    command = [sys.executable, __file__, task, "--peer", str(rollouts), "--threads", str(threads)]
    output = subprocess.run(command + ["--processes"] * processes, check=True, stdout=subprocess.PIPE, text=True).stdout
    wall, cpu = json.loads(output.splitlines()[-1])
    return wall, cpu


def run_own(task: str, rollouts: int, threads: int, program: str) -> tuple[float, float]:
    """The command line itself; a run of one rollout is taken off, which starts and warms up."""
    def run(count: int) -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder:
            settings = [
                f"run.copies={COPIES}", f"agent.steps={STEPS}", "learner.lambda=0.95", "learner.discount=0.99",
                f"learner.epochs={EPOCHS}", f"learner.batch_size={MINIBATCH}", "learner.learning_rate=3e-4",
                "learner.learning_rate_steps=auto", "learner.clip_range=0.2", "learner.clip_range_steps=auto",
                "learner.entropy_weight=0", "learner.value_weight=0.5", "learner.max_gradient_norm=0.5",
                "learner.policy.hidden=[64,64]", "learner.policy.activation=tanh", "learner.policy.orthogonal=true",
                "learner.policy.initial_log_std=0", "environment.wrappers.normalize_observations=false",
                "environment.wrappers.normalize_rewards=false", "evaluation.at_start=false",
                "evaluation.interval=1000000000", "checkpoint.interval=1000000000",
            ]
            command = [program, "train", "ppo", task, "--steps", str(count * ROLLOUT), "--out", folder]
            command += ["--threads", str(threads)] + [part for setting in settings for part in ("--set", setting)]
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    first, whole = run(1), run(1 + rollouts)
    return whole[0] - first[0], whole[1] - first[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", metavar="TASK")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rollouts", type=int, default=10, help=f"of {ROLLOUT} steps, of the peer; five times as many of ours")
    parser.add_argument("--peer", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--processes", action="store_true", help="the peer's copies in processes of their own")
    options = parser.parse_args()
    if options.peer:
        print(json.dumps(peer(options.tasks[0], options.peer, options.threads, options.processes)))
        return
    program = os.environ.get("FORESIGHT", str(HERE.parents[1] / ".build/release/foresight"))
    for task in options.tasks:
        rates: dict[str, list[tuple[float, float]]] = {"foresight": [], "stable-baselines3": []}
        for turn in range(options.rounds):
            for name in rates:
                count = options.rollouts * (5 if name == "foresight" else 1)
                wall, cpu = (run_own(task, count, options.threads, program) if name == "foresight"
                             else run_peer(task, count, options.threads, options.processes))
                rates[name].append((count * ROLLOUT / wall, count * ROLLOUT / cpu))
                print(json.dumps({"task": task, "name": name, "round": turn, "threads": options.threads,
                                  "steps_per_second": rates[name][-1][0], "steps_per_cpu_second": rates[name][-1][1]}),
                      flush=True)
        for place, clock in enumerate(("a second", "a processor second")):
            own, other = (statistics.median(rate[place] for rate in rates[name]) for name in rates)
            print(f"{task}: {own:,.0f} steps {clock}, Stable-Baselines3 {other:,.0f}: {own / other:.1f} times", file=sys.stderr)


if __name__ == "__main__":
    main()
