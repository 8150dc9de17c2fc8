"""Draws how costs grow with sizes: python Plots/scaling.py scaling/scaling.csv --out scaling/scaling.png.

The table is that of `foresight bench --scaling`: size, work, value, seconds, rate, unit, threads and power, a row for each
value of a size. A panel has the seconds that the work takes against the size, both on logarithmic axes, and a dashed line of
the slope with which its operations grow.
"""

import argparse
import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from foresight.program import leave
from foresight.style import COLORS, save, styled
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

COLUMNS = ["size", "work", "value", "seconds", "power"]


def fitted_power(rows: pd.DataFrame) -> float:
    """The slope of a line through the logarithms by least squares; NaN of a single value."""
    if rows["value"].nunique() < 2:
        return math.nan
    return float(np.polyfit(np.log(rows["value"]), np.log(rows["seconds"]), 1)[0])


def number(value: int) -> str:
    """A size in a few characters."""
    for unit, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= unit and value % unit == 0:
            return f"{value // unit}{letter}"
    return str(value)


@styled
def growth(table: pd.DataFrame) -> Figure:
    """One panel a size."""
    sizes = list(dict.fromkeys(table["size"]))
    columns = min(4, len(sizes))
    rows = -(-len(sizes) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(2.6 * columns, 2.5 * rows), layout="constrained", squeeze=False)
    for axes, size in zip(grid.flat, sizes):
        of_size = table[table["size"] == size].sort_values("value")
        values, cost, power = of_size["value"], 1000 * of_size["seconds"], of_size["power"].iloc[0]
        middle = math.exp(np.log(cost).mean()) * (values / math.exp(np.log(values).mean())) ** power
        axes.plot(values, middle, color="0.6", linestyle=(0, (4, 3)), linewidth=1)
        axes.plot(values, cost, color=COLORS[0], marker="o", markersize=4)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(min(cost.min(), middle.min()) / 2, max(cost.max(), middle.max()) * 2)
        axes.set_xticks(values, [number(value) for value in values])
        axes.xaxis.set_minor_locator(NullLocator())
        slope = fitted_power(of_size)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_title(of_size["work"].iloc[0] + ("" if math.isnan(slope) else f"\npower {slope:.2f}"), fontsize=9)
        axes.set_xlabel(size)
    for axes in grid[:, 0]:
        axes.set_ylabel("ms")
    for axes in grid.flat[len(sizes) :]:
        axes.set_visible(False)
    return figure


def read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing or table.empty or not (table[["value", "seconds"]] > 0).all().all():
        raise ValueError(f"{path}: not a table of 'foresight bench --scaling'")
    return table


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draws how costs grow with sizes.")
    parser.add_argument("table", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        save(growth(read(options.table)), options.out)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except (ValueError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


if __name__ == "__main__":
    leave(main)
