"""Variance of REINFORCE's gradient estimates on CartPole-v1 under each of its settings, at three stages of training.

    python Plots/variance_reduction.py --out Experiments/variance-reduction [--figures-only]

Writes results.csv (a row for each stage and setting), table.csv (relative variances side by side) and two figures; with
--figures-only the table and the figures anew from results.csv. Takes minutes on one thread.
"""

import argparse
import itertools
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.program import leave
from foresight.style import COLORS, MARKERS, STYLE, save
from foresight.theory.cart_pole import STEP_LIMIT, Episodes, play
from foresight.theory.files import Row, read_rows, text_rows, write_rows
from foresight.theory.score_estimators import (
    BASELINES,
    CREDITS,
    Setting,
    ValueFunction,
    Values,
    episode_gradients,
    weights,
)
from foresight.theory.small_policy import SmallPolicy

SEED = 2018
BATCH = 10
"""Episodes of an estimate: the default of `reinforce`."""
BATCHES, REFERENCE_EPISODES, FITTED_EPISODES, CHUNK = 1000, 40_000, 1000, 500
RESAMPLES = 1000
STAGES = {"untrained": 0.0, "half trained": 100.0, "trained": 400.0}
"""A stage begins with the first update after which 200 episodes have at least this mean return."""
DISCOUNTS = (1.0, 0.99)
PLAIN = Setting("whole")
TIMED = "timed_value"


def settings() -> list[Setting]:
    """Every combination that `reinforce` has, with a baseline that knows the time besides, and two variants."""
    grid = itertools.product(DISCOUNTS, CREDITS, BASELINES, (False, True))
    found = [Setting(credit, baseline, normalize, discount) for discount, credit, baseline, normalize in grid]
    found += [Setting("reward_to_go", baseline, False, 0.99, from_start=True) for baseline in ("none", "value", TIMED)]
    return found + [Setting(credit, "constant", own=True) for credit in CREDITS]


def trained_policies(random: np.random.Generator) -> dict[str, tuple[SmallPolicy, int, float]]:
    """For each stage the policy, the updates it had, and the mean return of 200 episodes. REINFORCE with rewards to go,
    normalized, discount 0.99, Adam at 0.01."""
    policy = SmallPolicy.random(random)
    mean, square = np.zeros_like(policy.parameters), np.zeros_like(policy.parameters)
    found: dict[str, tuple[SmallPolicy, int, float]] = {}
    for update in itertools.count():
        level = float(play(policy, 200, random).lengths.mean())
        for stage, threshold in STAGES.items():
            if stage not in found and level >= threshold:
                found[stage] = SmallPolicy(policy.parameters.copy()), update, level
        if len(found) == len(STAGES):
            return found
        episodes = play(policy, BATCH, random)
        chosen = weights(Setting("reward_to_go", "constant", True, 0.99), episodes.mask, {}, BATCH)
        gradient = episode_gradients(chosen[None], policy.scores(episodes.states, episodes.actions))[0].mean(axis=0)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        step = mean / (1 - 0.9 ** (update + 1)) / (np.sqrt(square / (1 - 0.999 ** (update + 1))) + 1e-8)
        policy.parameters = policy.parameters + 0.01 * step


def gradients(
    policy: SmallPolicy, chosen: list[Setting], functions: dict[tuple[str, float], ValueFunction], count: int,
    random: np.random.Generator,
) -> np.ndarray:
    """Estimates from batches of fresh episodes, the same for every setting: [settings, batches, parameters]."""
    parts = []
    for _ in range(count // CHUNK):
        episodes = play(policy, CHUNK, random)
        mask, values = episodes.mask, evaluate(functions, episodes)
        each = np.array([weights(setting, mask, values, BATCH) for setting in chosen])
        sums = episode_gradients(each, policy.scores(episodes.states, episodes.actions))
        parts.append(sums.reshape(len(chosen), CHUNK // BATCH, BATCH, -1).mean(axis=2))
    return np.concatenate(parts, axis=1)


def evaluate(functions: dict[tuple[str, float], ValueFunction], episodes: Episodes) -> Values:
    return {key: function(episodes) for key, function in functions.items()}


def measure(policy: SmallPolicy, random: np.random.Generator) -> list[dict]:
    """The rows of a policy."""
    fitted = play(policy, FITTED_EPISODES, random)
    functions = {(name, discount): ValueFunction.fit(fitted, discount, STEP_LIMIT, timed=name == TIMED)
                 for name in ("value", TIMED) for discount in DISCOUNTS}
    exact = [Setting("reward_to_go", TIMED, discount=discount, from_start=True) for discount in DISCOUNTS]
    reference = gradients(policy, exact, functions, REFERENCE_EPISODES, random)
    chosen = settings()
    estimates = gradients(policy, chosen, functions, BATCHES * BATCH, random)
    goal = reference[DISCOUNTS.index(1.0)].mean(axis=0)
    picks = random.multinomial(BATCHES, np.full(BATCHES, 1 / BATCHES), RESAMPLES) / BATCHES
    base = Spread(estimates[chosen.index(PLAIN)], goal, picks)
    rows = []
    for setting, estimate in zip(chosen, estimates):
        own = reference[DISCOUNTS.index(setting.discount)]
        mine = Spread(estimate, goal, picks)
        rows.append({
            "setting": setting.name, "credit": setting.credit, "baseline": setting.baseline,
            "discount": setting.discount, "normalized": int(setting.normalize), "from_start": int(setting.from_start),
            "own_included": int(setting.own), "unbiased": int(setting.is_unbiased),
            "variance_per_episode": BATCH * mine.variance, **interval("relative_variance", mine.variance / base.variance,
                                                                      mine.variances / base.variances),
            **interval("relative_noise", mine.noise / base.noise, mine.noises / base.noises),
            "noise_to_signal": mine.noise, "cosine": cosine(estimate.mean(axis=0), goal),
            "cosine_to_discounted": cosine(estimate.mean(axis=0), own.mean(axis=0)),
            "norm_ratio": float(np.linalg.norm(estimate.mean(axis=0)) / np.linalg.norm(own.mean(axis=0))),
            "largest_z": largest_z(estimate, own), "largest_z_scaled": largest_z(estimate, own, scaled=True),
        })
    return rows


class Spread:
    """Variance of estimates (trace of the covariance) and its ratio to the squared component of their mean along `goal`;
    also of every resample of the batches."""

    def __init__(self, estimates: np.ndarray, goal: np.ndarray, picks: np.ndarray) -> None:
        squares, along = (estimates**2).sum(axis=1), estimates @ goal / np.linalg.norm(goal)
        correction = len(estimates) / (len(estimates) - 1)
        self.variance = float(correction * (squares.mean() - (estimates.mean(axis=0) ** 2).sum()))
        self.variances = correction * (picks @ squares - ((picks @ estimates) ** 2).sum(axis=1))
        self.noise = float(self.variance / along.mean() ** 2)
        self.noises = self.variances / (picks @ along) ** 2


def interval(name: str, value: float, resampled: np.ndarray) -> dict[str, float]:
    """A value with its 95 % percentile bootstrap interval."""
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def largest_z(estimates: np.ndarray, reference: np.ndarray, scaled: bool = False) -> float:
    """The largest difference of any component of the means in standard errors; `scaled` first by the factor that brings
    the reference's mean nearest."""
    goal, mean = reference.mean(axis=0), estimates.mean(axis=0)
    factor = float(mean @ goal / (goal @ goal)) if scaled else 1.0
    error = np.sqrt(estimates.var(axis=0, ddof=1) / len(estimates) + factor**2 * reference.var(axis=0, ddof=1) / len(reference))
    return float(np.max(np.abs(mean - factor * goal) / error))


def summarize(rows: list[Row]) -> list[Row]:
    """A row for each setting: whether it is unbiased, and by stage its variance relative to the plain estimate's, noise
    relative to it, cosine with the return's gradient, and the largest z without and with a scale."""
    table = {}
    for row in rows:
        entry = table.setdefault(row["setting"], {"setting": row["setting"], "unbiased": row["unbiased"]})
        for name in ("relative_variance", "relative_noise", "cosine", "largest_z", "largest_z_scaled"):
            entry[f"{name}, {row['stage']}"] = row[name]
    return list(table.values())


def draw(rows: list[Row], name: str, label: str, chosen: dict[str, str]) -> Figure:
    """A number relative to the plain estimate's, with intervals, for the settings that `chosen` names."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 0.27 * len(chosen) + 1.6), layout="constrained")
        axes = figure.subplots()
        for index, stage in enumerate(STAGES):
            found = {row["setting"]: row for row in rows if row["stage"] == stage}
            values, low, high = (np.array([float(found[setting][name + end]) for setting in chosen])
                                 for end in ("", "_low", "_high"))
            places = np.arange(len(chosen)) + 0.22 * (index - 1)
            axes.errorbar(values, places, xerr=[values - low, high - values], linestyle="", marker=MARKERS[index],
                          color=COLORS[index], markersize=5, linewidth=1, capsize=2, label=stage)
        axes.axvline(1, color="#444444", linewidth=0.8)
        axes.set(xscale="log", xlabel=label, yticks=np.arange(len(chosen)), yticklabels=list(chosen.values()))
        axes.set_ylim(len(chosen) - 0.4, -0.6)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def labels(chosen: list[Setting]) -> dict[str, str]:
    """What figures call the settings."""
    credit = {"whole": "whole return", "reward_to_go": "reward to go"}
    baseline = {"none": "no baseline", "constant": "constant", "value": "V(s)", TIMED: "V(s, t)"}
    found = {}
    for setting in chosen:
        parts = [credit[setting.credit], baseline[setting.baseline]]
        parts += ["discount 0.99"] if setting.discount < 1 else []
        parts += ["from the start"] if setting.from_start else []
        parts += ["own included"] if setting.own else []
        parts += ["normalized"] if setting.normalize else []
        found[setting.name] = ", ".join(parts)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    parser.add_argument("--figures-only", action="store_true", help="draw FOLDER/results.csv anew")
    options = parser.parse_args(arguments)
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.figures_only:
        rows = read_rows(out / "results.csv")
    else:
        training, *others = (np.random.default_rng(seed) for seed in np.random.SeedSequence(SEED).spawn(1 + len(STAGES)))
        rows = []
        for random, (stage, (policy, updates, level)) in zip(others, trained_policies(training).items()):
            print(f"{stage}: {updates} updates, mean return {level:.1f}", flush=True)
            for row in measure(policy, random):
                rows += text_rows([{"stage": stage, "updates": updates, "mean_return": level, **row}])
        write_rows(out / "results.csv", rows)
    write_rows(out / "table.csv", summarize(rows))
    plain = [setting for setting in settings() if not setting.normalize]
    variance = "variance of the estimate, relative to\nwhole returns without a baseline"
    save(draw(rows, "relative_variance", variance, labels(plain)), out / "variance.png")
    noise = "variance / squared mean along the gradient,\nrelative to whole returns without a baseline"
    save(draw(rows, "relative_noise", noise, labels(settings())), out / "noise.png")
    return 0


if __name__ == "__main__":
    leave(main)
