"""How far state marginals and returns change with the policy on small processes, exactly and as theory bounds it.

    python Plots/state_marginal_bound.py --out Experiments/state-marginal-bound

Writes marginals.csv (over time), mixtures.csv (along mixtures of two policies), results.csv (a row for each pair of
policies), table.csv (by distance) and two figures.
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
from foresight.style import COLORS, STYLE, save
from foresight.theory.files import Row, text_rows, write_rows
from foresight.theory.policy_difference import marginal_change, mixture_bound, return_change
from foresight.theory.tabular_process import TabularProcess, random_process, softmax_policy, trap

SEED = 18
PROCESSES, STATES, ACTIONS, SUCCESSORS, DISCOUNT = 20, 8, 3, 2, 0.9
PAIRS, MIXED = 100, 5
"""Pairs of policies for each process, and how many of them are mixed."""
SCALES = (1e-3, 10.0)
"""Least and largest deviation of the change of the logits."""
STEPS = 100
SHARES = [10 ** (power / 4) for power in range(-12, 1)]
BINS = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1]
CURVES = {
    "distance": "exact", "coupling": r"$2\,(1 - (1 - \epsilon)^t)$", "linear": r"$2\,\epsilon\,t$",
    "pinsker": r"$2\,t\,\sqrt{\max_s\,KL / 2}$",
    "average": r"$2\,\sum_{i<t} E_{p_i} \sqrt{KL / 2}$",
}

Pair = tuple[np.ndarray, np.ndarray]


def pairs() -> list[tuple[TabularProcess, list[Pair]]]:
    """Every process with its pairs of policies; the second's logits are the first's with Gaussian changes."""
    found = []
    for child in np.random.SeedSequence(SEED).spawn(PROCESSES):
        random = np.random.default_rng(child)
        process = random_process(random, STATES, ACTIONS, SUCCESSORS, DISCOUNT)
        policies = []
        for scale in np.geomspace(*SCALES, PAIRS):
            logits = random.standard_normal((STATES, ACTIONS))
            change = scale * random.standard_normal((STATES, ACTIONS))
            policies.append((softmax_policy(logits), softmax_policy(logits + change)))
        found.append((process, policies))
    return found


def compare(process: TabularProcess, old: np.ndarray, new: np.ndarray) -> dict:
    """The numbers of a pair; the ratios are the largest over t of the distance to each bound."""
    change, marginal = return_change(process, old, new), marginal_change(process, old, new, STEPS)
    ratios = {f"distance_to_{name}": float((marginal.distance[1:] / getattr(marginal, name)[1:]).max())
              for name in CURVES if name != "distance"}
    return {
        "epsilon": change.epsilon, "max_kl": change.max_divergence, "mean_kl": change.mean_divergence,
        "largest_distance": float(marginal.distance.max()), **ratios, "change": change.exact,
        "lemma_residual": abs(change.exact - change.lemma), "surrogate": change.surrogate, "error": change.error,
        "lecture_bound": change.lecture_bound, "trust_region_bound": change.trust_region_bound,
    }


def results(found: list[tuple[TabularProcess, list[Pair]]]) -> list[Row]:
    return text_rows({"process": number, "pair": place, **compare(process, old, new)}
                     for number, (process, policies) in enumerate(found)
                     for place, (old, new) in enumerate(policies))


def mixtures(found: list[tuple[TabularProcess, list[Pair]]]) -> list[Row]:
    """The surrogate's error for (1 - share) pi + share pi', pi' being the last and largest changes."""
    rows = []
    for number, (process, policies) in enumerate(found):
        for place, (old, new) in list(enumerate(policies))[-MIXED:]:
            for share in SHARES:
                change = return_change(process, old, (1 - share) * old + share * new)
                rows.append({"process": number, "pair": place, "share": share, "epsilon": change.epsilon,
                             "change": change.exact, "surrogate": change.surrogate, "error": change.error,
                             "bound": mixture_bound(process, old, new, share)})
    return text_rows(rows)


def marginals(found: list[tuple[TabularProcess, list[Pair]]]) -> list[Row]:
    """The distance over time and its bounds: in the worst case, and for a pair of the first process with a mean KL near
    0.01, a usual limit of trust regions."""
    process, policies = found[0]
    near = min(policies, key=lambda pair: abs(np.log(return_change(process, *pair).mean_divergence / 0.01)))
    epsilon = 0.02
    worst = np.array([[1 - epsilon, epsilon], [1, 0]]), np.array([[1.0, 0], [1, 0]])
    rows = []
    for name, place, (old, new) in (("worst case", trap(DISCOUNT), worst), ("random process", process, near)):
        change = marginal_change(place, old, new, STEPS)
        for t in range(STEPS + 1):
            rows.append({"case": name, "t": t, **{curve: float(getattr(change, curve)[t]) for curve in CURVES}})
    return text_rows(rows)


def summarize(rows: list[Row]) -> list[Row]:
    """By epsilon: how much of each bound is used, how good the surrogate is, and for which share of the pairs whose
    surrogate is positive the bound guarantees that the return rises."""
    table = []
    epsilon = column(rows, "epsilon")
    for low, high in itertools.pairwise(BINS):
        mine = [row for row, value in zip(rows, epsilon) if low < value <= high]
        if not mine:
            continue
        change, surrogate, error = (column(mine, name) for name in ("change", "surrogate", "error"))
        table.append({
            "epsilon_above": float(low), "epsilon_to": float(high), "pairs": len(mine),
            **{f"largest_{name}": float(column(mine, name).max()) for name in mine[0] if name.startswith("distance_to_")},
            "largest_lemma_residual": float(column(mine, "lemma_residual").max()),
            "median_relative_error": float(np.median(error / np.abs(change))),
            "same_sign": float(np.mean(np.sign(change) == np.sign(surrogate))),
            "guaranteed": float(np.mean((surrogate > column(mine, "lecture_bound"))[surrogate > 0])),
            "median_error_to_lecture_bound": float(np.median(error / column(mine, "lecture_bound"))),
            "largest_error_to_lecture_bound": float(np.max(error / column(mine, "lecture_bound"))),
            "largest_error_to_trust_region_bound": float(np.max(error / column(mine, "trust_region_bound"))),
        })
    return text_rows(table)


def column(rows: list[Row], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def draw_marginals(rows: list[Row]) -> Figure:
    """The distance of the marginals over time beside its bounds."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, case in zip(panels, dict.fromkeys(row["case"] for row in rows)):
            mine = [row for row in rows if row["case"] == case and row["t"] != "0"]
            for index, (name, label) in enumerate(CURVES.items()):
                width, line = (2.4, "-") if name == "distance" else (1.4, (0, (4, 1 + index)))
                axes.plot(column(mine, "t"), column(mine, name), color=COLORS[index], label=label, linewidth=width,
                          linestyle=line)
            axes.axhline(2, color="#444444", linewidth=0.8, label="2, the largest there is")
            axes.set(xscale="log", yscale="log", xlabel="t", title=case, ylim=(3e-3, 30))
        panels[0].set_ylabel("sum over s of |p'_t(s) - p_t(s)|")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def draw_surrogate(rows: list[Row], mixed: list[Row]) -> Figure:
    """The surrogate's error against the distance of the policies: for pairs, and along mixtures."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        points = {
            "lecture_bound": r"bound $2\,\epsilon\,C\,\gamma / (1 - \gamma)^2$",
            "trust_region_bound": r"bound $4\,\epsilon^2 \max |A|\,\gamma / (1 - \gamma)^2$",
            "error": r"error: $|J(\pi') - J(\pi) - surrogate|$", "change": r"$|J(\pi') - J(\pi)|$",
        }
        for index, (name, label) in zip((1, 2, 0, 7), points.items()):
            left.plot(column(rows, "epsilon"), np.abs(column(rows, name)), ".", markersize=2.5, color=COLORS[index],
                      label=label)
        left.set(xscale="log", yscale="log", xlabel=r"$\epsilon = \max_s\,TV(\pi, \pi')$", title="pairs of policies",
                 ylim=(1e-9, 1e3))
        mixture = r"bound $2\,\alpha^2 C\,\gamma / ((1 - \gamma)(1 - \gamma (1 - \alpha)))$"
        lines = {}
        for row in mixed:
            lines.setdefault((row["process"], row["pair"]), []).append(row)
        for place, line in enumerate(lines.values()):
            share = column(line, "share")
            for index, name, label in ((5, "bound", mixture), (0, "error", None)):
                right.plot(share, column(line, name), color=COLORS[index], linewidth=0.7, alpha=0.6,
                           label=label if place == 0 else None)
        right.set(xscale="log", xlabel=r"$\alpha$", title=r"mixtures $(1 - \alpha)\,\pi + \alpha\,\pi'$")
        handles, labels = (a + b for a, b in zip(left.get_legend_handles_labels(), right.get_legend_handles_labels()))
        figure.legend(handles, labels, loc="outside lower center", ncols=3, markerscale=4)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Computes everything, in seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the files go")
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    found = pairs()
    rows, mixed, time = results(found), mixtures(found), marginals(found)
    contents = {"marginals.csv": time, "mixtures.csv": mixed, "results.csv": rows, "table.csv": summarize(rows)}
    for name, content in contents.items():
        write_rows(out / name, content)
    save(draw_marginals(time), out / "marginals.png")
    save(draw_surrogate(rows, mixed), out / "surrogate.png")
    return 0


if __name__ == "__main__":
    leave(main)
