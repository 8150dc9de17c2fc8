"""Draws the codes that an autoencoder has for the cells of the pixel maze: python Plots/latent_space.py DIR.

DIR is a study's folder in Experiments with runs of fitted-q whose codes have two numbers. Where it has the runs, in
DIR/results, the codes of all cells that their replays show are first taken to DIR/codes.csv. The figure and
DIR/codes-summary.csv, with the rank correlation of distances between codes and of steps between cells, are made from that
alone.
"""

import sys
from collections import deque
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.checkpoint import read_encoder, read_manifest
from foresight.load import load_description
from foresight.program import draw_study, leave
from foresight.records import read_replay
from foresight.style import STYLE, save
from foresight.tables import StudyError

CELLS = 8
"""Rows and columns of the maze."""
AGENT = 255
"""The gray of its cell."""
SHOWN_SEEDS = 3
COLUMNS = ["agent", "seed", "row", "column", "code_0", "code_1"]


def places(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of images [N, pixels] of the maze one of each, and the cells (row, column) in which they show the agent, in order."""
    side = round(images.shape[1] ** 0.5)
    corners = images.reshape(-1, side, side)[:, ::side // CELLS, ::side // CELLS].reshape(len(images), -1)
    cells, first = np.unique((corners == AGENT).argmax(axis=1), return_index=True)
    return images[first], np.stack(np.divmod(cells, CELLS), axis=1)


def steps_between(cells: list[tuple[int, int]]) -> np.ndarray:
    """Fewest steps [N, N] between cells through one another; infinite where there is no way."""
    number = {cell: index for index, cell in enumerate(cells)}
    steps = np.full((len(cells), len(cells)), np.inf)
    for start, cell in enumerate(cells):
        steps[start, start], open_cells = 0, deque([cell])
        while open_cells:
            row, column = open_cells.popleft()
            for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if near in number and np.isinf(steps[start, number[near]]):
                    steps[start, number[near]] = steps[start, number[(row, column)]] + 1
                    open_cells.append(near)
    return steps


def collect(results: Path, experiment: Path) -> None:
    """Writes codes.csv: a row for each cell that a run with codes of two numbers has seen."""
    rows = []
    for run in load_description(results)["runs"]:
        folder = results / run["folder"]
        learner = read_manifest(folder)["settings"].get("learner", {})
        if (learner.get("latent") or {}).get("size") != 2:
            continue
        checkpoint, encoder = read_encoder(folder)
        size = len(encoder[0].arrays["mean"])
        images, cells = places(read_replay(checkpoint, "agent.replay.", size)["observations"])
        codes = images.astype(np.float32)
        for operation in encoder:
            codes = operation(codes)
        rows += [[run["agent"], run["seed"], *cell, *code] for cell, code in zip(cells.tolist(), codes.round(4).tolist())]
    if not rows:
        raise StudyError(f"{results}: no run has codes of two numbers (learner.latent.size=2)")
    pd.DataFrame(rows, columns=COLUMNS).to_csv(experiment / "codes.csv", index=False, lineterminator="\r\n")


def rank_correlation(codes: np.ndarray, steps: np.ndarray) -> float:
    """Spearman's, of distances between codes [N, 2] and of steps [N, N], over all pairs between which there is a way."""
    first, second = np.triu_indices(len(codes), 1)
    way = np.isfinite(steps[first, second])
    first, second = first[way], second[way]
    distances = np.linalg.norm(codes[first] - codes[second], axis=1)
    ranks = [pd.Series(values).rank() for values in (distances, steps[first, second])]
    return float(np.corrcoef(*ranks)[0, 1])


def draw(experiment: Path) -> list[Path]:
    """Writes the summary and the figure from codes.csv; returns their paths."""
    kept = experiment / "codes.csv"
    if not kept.exists():
        raise StudyError(f"{experiment}: no results of runs and no codes.csv")
    table = pd.read_csv(kept)
    summary = []
    for (agent, seed), mine in table.groupby(["agent", "seed"], sort=False):
        cells = list(zip(mine["row"], mine["column"]))
        codes = mine[["code_0", "code_1"]].to_numpy()
        apart = np.linalg.norm(((codes[:, None] - codes[None]) / codes.std(axis=0)), axis=2)[np.triu_indices(len(codes), 1)]
        summary.append({
            "agent": agent, "seed": seed, "cells": len(cells), "closest_codes": round(float(apart.min()), 3),
            "rank_correlation": round(rank_correlation(codes, steps_between(cells)), 3)})
    written = [experiment / "codes-summary.csv", experiment / "codes.png"]
    pd.DataFrame(summary).to_csv(written[0], index=False, lineterminator="\r\n")
    with matplotlib.rc_context(STYLE):
        save(figure(table[table["agent"] == table["agent"].iloc[0]]), written[1])
    return written


def figure(table: pd.DataFrame) -> Figure:
    """The maze, and one agent's codes of its cells for the first seeds, in the same colours: the steps to the goal."""
    seeds = sorted(table["seed"].unique())[:SHOWN_SEEDS]
    drawn = Figure(figsize=(3.1 * (len(seeds) + 1), 3.4), layout="constrained")
    maze, *spaces = drawn.subplots(1, len(seeds) + 1)
    for axes, seed in zip([maze, *spaces], [seeds[0], *seeds]):
        mine = table[table["seed"] == seed]
        cells = list(zip(mine["row"], mine["column"]))
        # the goal, in a corner, ends episodes: no agent is seen there to act
        steps = steps_between([*cells, (CELLS - 1, CELLS - 1)])
        x, y = ("column", "row") if axes is maze else ("code_0", "code_1")
        x, y = mine[x].to_numpy(), mine[y].to_numpy()
        for a, b in zip(*np.nonzero(np.triu(steps[:-1, :-1] == 1))):
            axes.plot(x[[a, b]], y[[a, b]], color="#bbbbbb", linewidth=0.8, zorder=1)
        shown = axes.scatter(x, y, c=steps[-1, :-1], cmap="viridis", s=120 if axes is maze else 36, zorder=2,
                             marker="s" if axes is maze else "o")
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        if axes is maze:
            axes.plot(CELLS - 1, CELLS - 1, marker="*", markersize=13, color="#D55E00")
            axes.set(title="cells of the maze", aspect="equal", xlim=(-0.7, CELLS - 0.3), ylim=(CELLS - 0.3, -0.7))
        else:
            axes.set(title=f"codes, seed {seed}", xlabel="first number", ylabel="second number")
    drawn.colorbar(shown, ax=spaces[-1], label="steps to the goal")
    return drawn


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    return draw_study(arguments, __doc__, collect, draw)


if __name__ == "__main__":
    leave(main)
