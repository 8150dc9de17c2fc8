"""Writes a small made-up study, in the layout that the Swift side writes."""

import csv
import json
from pathlib import Path

import numpy as np

THRESHOLDS = {"cart-pole-swing-up": 150.0, "Pendulum-v1": -200.0}
ENVIRONMENTS = ["cart-pole-swing-up", "Pendulum-v1"]
BUDGETS = {"pets": 2000, "sac": 10_000}
SPANS = {"cart-pole-swing-up": (5.0, 175.0), "Pendulum-v1": (-1250.0, -150.0)}
RATES = {"pets": 700.0, "sac": 3000.0}
EPISODE_LENGTH = 200
EVALUATION_EPISODES = 3


def write_study(folder: Path, seeds: int = 3, cut: dict[tuple[str, str, int], int] | None = None) -> Path:
    """Writes the study into `folder`; `cut` ends a run (environment, agent, seed) after so many steps, unfinished."""
    entries, tidy = [], []
    for environment in ENVIRONMENTS:
        for agent, budget in BUDGETS.items():
            for seed in range(seeds):
                name = f"{environment}/{agent}/seed-{seed}"
                entries.append({"environment": environment, "agent": agent, "seed": seed, "steps": budget, "folder": name})
                end = (cut or {}).get((environment, agent, seed), budget)
                for row in _write_run(folder / name, environment, agent, seed, end):
                    tidy.append(["demo", environment, agent, seed, *row])
    header = ["study", "environment", "agent", "seed", "environment_steps", "episode", "return"]
    write_csv(folder / "results.csv", header, tidy)
    description = {
        "study": "demo", "thresholds": THRESHOLDS, "environments": ENVIRONMENTS, "agents": list(BUDGETS),
        "seeds": list(range(seeds)), "runs": entries,
    }
    (folder / "study.json").write_text(json.dumps(description))
    return folder


def _write_run(folder: Path, environment: str, agent: str, seed: int, end: int) -> list[list]:
    folder.mkdir(parents=True)
    random = np.random.default_rng([ENVIRONMENTS.index(environment), list(BUDGETS).index(agent), seed])
    low, high = SPANS[environment]
    rate = RATES[agent] * random.uniform(0.7, 1.4)

    def expected(steps: int) -> float:
        return low + (high - low) / (1 + np.exp(-6 * (steps / rate - 1)))

    noise = 0.04 * (high - low)
    episodes = [[steps, index, float(expected(steps) + 2 * noise * random.normal()), EPISODE_LENGTH, "truncated", 0]
                for index, steps in enumerate(range(EPISODE_LENGTH, end + 1, EPISODE_LENGTH))]
    every = BUDGETS[agent] // 10
    evaluations = [[steps, episode, float(expected(steps) + noise * random.normal()), EPISODE_LENGTH]
                   for steps in range(0, end + 1, every) for episode in range(EVALUATION_EPISODES)]
    columns = ["environment_steps", "episode", "return", "length", "ending", "clipped_actions"]
    write_csv(folder / "episodes.csv", columns, episodes)
    write_csv(folder / "evaluations.csv", ["environment_steps", "episode", "return", "length"], evaluations)
    write_csv(folder / "training.csv", ["environment_steps", "loss"], [[every, 0.5], [2 * every, ""]])
    seconds = 0.02 if agent == "pets" else 0.006
    timing = [[steps, steps * seconds, 0.1, 0.2, 0.4, 0.2, 0.1] for steps in range(every, end + 1, every)]
    columns = ["environment_steps", "wall_seconds", "acting", "fitting", "planning", "learning", "stepping"]
    write_csv(folder / "timing.csv", columns, timing)
    (folder / "manifest.json").write_text("{}")
    return [row[:3] for row in evaluations]


def write_wide_study(folder: Path, tasks: int = 10, agents: int = 6, seeds: int = 5, episodes: int = 200) -> Path:
    """A study of many tasks, agents and seeds, whose runs have all their files; later agents learn more slowly."""
    names = [f"task-{index}" for index in range(tasks)]
    labels = [f"agent-{index}" for index in range(agents)]
    entries, budget = [], 10_000
    for place, environment in enumerate(names):
        for rank, agent in enumerate(labels):
            for seed in range(seeds):
                name = f"{environment}/{agent}/seed-{seed}"
                entries.append({"environment": environment, "agent": agent, "seed": seed, "steps": budget, "folder": name})
                random = np.random.default_rng([place, rank, seed])
                rate = budget * (0.15 + 0.09 * rank) * random.uniform(0.7, 1.5) * (1 + 0.1 * place)
                steps = np.arange(0, budget + 1, 500)
                curve = 100 * (place + 1) / (1 + np.exp(-5 * (steps / rate - 1)))
                noise = random.normal(0, 3 * (place + 1), (len(steps), 3))
                run = folder / name
                run.mkdir(parents=True)
                rows = [[step, index, float(value + drawn[index]), 200] for step, value, drawn in zip(steps, curve, noise)
                        for index in range(3)]
                write_csv(run / "evaluations.csv", ["environment_steps", "episode", "return", "length"], rows)
                ends = np.linspace(0, budget, episodes + 1)[1:].astype(int)
                rows = [[int(end), index, float(np.interp(end, steps, curve)), 50, "truncated", 0]
                        for index, end in enumerate(ends)]
                write_csv(run / "episodes.csv",
                          ["environment_steps", "episode", "return", "length", "ending", "clipped_actions"], rows)
                rows_of_loss = [[int(end), float(1 / (1 + end))] for end in ends]
                write_csv(run / "training.csv", ["environment_steps", "loss"], rows_of_loss)
                rows = [[int(end), float(end) * 0.001 * (1 + rank), 0.1, 0.0, 0.0, 0.6, 0.1] for end in ends]
                columns = ["environment_steps", "wall_seconds", "acting", "fitting", "planning", "learning", "stepping"]
                write_csv(run / "timing.csv", columns, rows)
                manifest = {"version": "0.1.0", "environment": environment, "agent": agent, "label": agent, "seed": seed,
                            "steps": budget, "settings": {"evaluation": {"interval": 500}}, "status": "finished",
                            "failure": None}
                (run / "manifest.json").write_text(json.dumps(manifest))
    scores = {name: {"random": 0, "reference": 100 * (place + 1)} for place, name in enumerate(names)}
    (folder / "study.json").write_text(json.dumps({
        "study": "wide", "environments": names, "agents": labels, "seeds": list(range(seeds)), "runs": entries,
        "thresholds": {name: 90.0 * (place + 1) for place, name in enumerate(names)},
        "figures": {"scores": scores, "baseline": labels[-1], "groups": {"easy half": names[: max(1, tasks // 2)]},
                    "names": {"agent-0": "Fast agent"}}}))
    return folder


def write_manifests(folder: Path, failed: tuple[str, str, int] | None = None) -> None:
    """Gives every run of the study a manifest; one may have failed."""
    for path in folder.glob("*/*/*/manifest.json"):
        environment, agent, seed = path.parts[-4:-1]
        settings = {"agent": {"updates": 5, "random_steps": 500, "batch_size": 128}, "learner": {"hidden": [64, 64]}}
        manifest = {
            "version": "0.1.0", "toolchain": "Swift 6.3", "environment": environment, "agent": agent, "label": agent,
            "seed": int(seed[5:]), "steps": BUDGETS[agent], "status": "finished", "failure": None,
            "settings": settings if agent == "sac" else {}, "columns": {},
            "host": {"cores": 2, "commit": "0123abcd", "started": "2026-11-29T10:00:00Z"},
        }
        if (environment, agent, manifest["seed"]) == failed:
            manifest.update(status="failed", failure="loss is not finite <at step 7>")
        path.write_text(json.dumps(manifest))


def write_csv(path: Path, header: list[str], rows: list[list]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


if __name__ == "__main__":
    import sys

    print(write_study(Path(sys.argv[1])))
