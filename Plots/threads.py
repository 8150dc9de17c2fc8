"""Draws what a run's threads gain: python Plots/threads.py Documentation/threads.csv --out Documentation/threads.png.

The table has the rates of `foresight-bench CASE... --threads N --no-limits --json`: case, unit, threads, machine (`idle`, or
`busy` with other programs) and value. Gains are over the rate of one thread.
"""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from foresight.program import leave
from foresight.style import COLORS, save, styled
from matplotlib.figure import Figure

NAMES = {
    "ensemble-fit": "fit of an ensemble", "ensemble-rollout": "branched rollouts", "pets-plan-cartpole": "a CEM decision",
    "sac-update": "SAC update, 256x256", "ppo-epoch": "PPO update, 64x64", "dqn-update": "DQN update, 64x64",
}
KINDS = {"idle": ("on an idle machine", COLORS[0], ""), "busy": ("next to other programs", COLORS[1], "///")}


@styled
def gains(rates: pd.DataFrame) -> Figure:
    """One pair of bars a case: the rate of two threads over that of one."""
    table = rates.pivot_table(index="case", columns=["machine", "threads"], values="value")
    one = table["busy", 1]
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for place, (machine, (label, color, hatch)) in enumerate(KINDS.items()):
        gain = (table[machine, 2] / one).reindex(NAMES)
        heights = [row + 0.2 * (2 * place - 1) for row in range(len(NAMES))]
        bars = axes.barh(heights, gain, 0.38, color=color, hatch=hatch, edgecolor="white", label=label)
        for text in axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8):
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
    axes.axvline(1, color="0.2", linewidth=1, linestyle=(0, (4, 3)))
    axes.set_yticks(range(len(NAMES)), NAMES.values())
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlim(0, 2.2)
    axes.set_xlabel("rate of two threads over that of one")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=2)
    return figure


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draws what a run's threads gain.")
    parser.add_argument("table", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        save(gains(pd.read_csv(options.table)), options.out)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


if __name__ == "__main__":
    leave(main)
