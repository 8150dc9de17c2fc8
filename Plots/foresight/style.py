"""How figures look: colours, line styles, direct labels, axes, and how one is written to a file."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .load import Study

# Okabe and Ito's palette, told apart under all common colour blindness; markers and dashes tell them apart in grey.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999",
          "#7B3F00", "#5E35B1", "#808000", "#B71C1C"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h"]
DASHES = ["-", (0, (6, 1.5)), (0, (4, 1.2, 1, 1.2)), (0, (1.5, 1)), "-", (0, (9, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1.6))]
STYLE = {
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e5e5e5",
    "grid.linewidth": 0.6, "axes.axisbelow": True, "font.size": 10, "axes.titlesize": 11, "legend.frameon": False,
    "svg.hashsalt": "foresight", "svg.fonttype": "none", "pdf.fonttype": 42, "ps.fonttype": 42,
}
OUTLIERS = 0.05
"""Share of a panel's points that may be cut off, where they would flatten the rest."""
MOST_LABELS = 12
"""Curves of a panel that are labelled at their ends; more get a legend."""


def styled(draw):
    """Makes `draw` use this module's style, whatever the caller's is."""
    @functools.wraps(draw)
    def wrapped(*arguments, **options):
        with matplotlib.rc_context(STYLE):
            return draw(*arguments, **options)
    return wrapped


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as the path's suffix says (png, svg, pdf), without dates, so that equal input gives equal bytes.

    A PDF has its fonts embedded; an SVG has its text as text.
    """
    metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    with matplotlib.rc_context(STYLE):
        figure.savefig(path, dpi=150, metadata=metadata)


def color(study: Study, agent: str) -> str:
    """The study's own colour of an agent, or one by its place."""
    return study.display.colors.get(agent, COLORS[study.agents.index(agent) % len(COLORS)])


def marker(study: Study, agent: str) -> str:
    return MARKERS[study.agents.index(agent) % len(MARKERS)]


def dashes(study: Study, agent: str):
    return DASHES[study.agents.index(agent) % len(DASHES)]


def curve_style(study: Study, agent: str, markers: bool = True) -> dict:
    """How every line of an agent is drawn, so that it is the same in all figures."""
    style = {"color": color(study, agent), "linestyle": dashes(study, agent), "linewidth": 1.6}
    return {**style, "marker": marker(study, agent), "markersize": 3.5} if markers else style


def label_ends(axes: Axes, ends: Sequence[tuple[str, str, float, float]]) -> bool:
    """Writes (text, colour, x, y) beside the right edge, as near to the curve's end as the labels above and below let it.

    Returns whether they fit. The limits of the axes must be final.
    """
    if not ends or len(ends) > MOST_LABELS:
        return False
    height = axes.figure.get_figheight() * 72 * axes.get_position().height  # points; before layout a little too much
    if axes.get_subplotspec() is not None:
        height = axes.figure.get_figheight() * 72 / axes.get_subplotspec().get_gridspec().nrows * 0.7
    gap = 11.0 / height
    if gap * len(ends) > 1.1:
        return False
    low, high = axes.get_ylim()
    wanted = [min(max((y - low) / (high - low), 0.0), 1.0) for *_, y in ends]
    order = np.argsort(wanted, kind="stable")
    places = spread([wanted[i] for i in order], gap)
    for rank, place in zip(order, places):
        text, tint, x, _ = ends[rank]
        near = axes.transData.transform((x, low + wanted[rank] * (high - low)))
        near = axes.transAxes.inverted().transform(near)
        axes.plot([min(near[0], 1.0), 1.015], [wanted[rank], place], transform=axes.transAxes, color=tint, linewidth=0.7,
                  linestyle=":", alpha=0.6, clip_on=False, gid="leader")
        axes.annotate(text, (1.02, place), xycoords="axes fraction", color=tint, fontsize=8.5, va="center",
                      annotation_clip=False)
    return True


def spread(wanted: list[float], gap: float) -> list[float]:
    """Places in rising order, at least `gap` apart and within 0 to 1 where they fit, with least squared moves from `wanted`."""
    blocks: list[list[float]] = []  # [sum of wanted first places, count]
    for index, place in enumerate(wanted):
        blocks.append([place - index * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [blocks[-1][0] + last[0], blocks[-1][1] + last[1]]
    ceiling = max(0.0, 1.0 - (len(wanted) - 1) * gap)
    places = [min(max(total / count, 0.0), ceiling) for total, count in blocks for _ in range(int(count))]
    return [place + index * gap for index, place in enumerate(places)]


def robust_limits(
    curves: dict[str, np.ndarray], bands: Sequence[np.ndarray] = (), above: bool = True
) -> tuple[float, float, str]:
    """Limits of the y axis that outliers do not stretch, and words for what is cut off ('' for nothing).

    What may be cut: a twentieth of all points, where the rest then has twice the room, or the whole of the one curve that lies
    farthest below, where it then has four times. Nothing is cut above unless `above`: of returns the highest count.
    """
    named = {name: values[np.isfinite(values)] for name, values in curves.items()}
    named = {name: values for name, values in named.items() if len(values)}
    if not named:
        return 0.0, 1.0, ""
    pooled = np.concatenate(list(named.values()))
    low, high = float(pooled.min()), float(pooled.max())
    candidates: list[tuple[float, float, int]] = []
    if len(pooled) >= 20:
        candidates.append((float(np.quantile(pooled, OUTLIERS)), high, 2))
        if above:
            candidates.append((low, float(np.quantile(pooled, 1 - OUTLIERS)), 2))
    rests = [np.concatenate([values for other, values in named.items() if other != name]) for name in named if len(named) > 2]
    candidates += [(float(rest.min()), high, 4) for rest in rests]
    fitting = [pair for *pair, ratio in candidates if 0 < ratio * (pair[1] - pair[0]) < high - low]
    remark = ""
    if fitting:
        best = min(fitting, key=lambda pair: pair[1] - pair[0])
        cut = [name for name, values in named.items() if values.min() < best[0] or values.max() > best[1]]
        remark = f"cut off: {cut[0]}{f' and {len(cut) - 1} more' if len(cut) > 1 else ''}"
        if low < best[0]:
            remark += f", down to {low:,.4g}"
        if high > best[1]:
            remark += f", up to {high:,.4g}"
        low, high = best
    span = high - low
    for band in bands:  # an interval may reach half the curves' range beyond them, then it is cut off
        band = band[np.isfinite(band)]
        if len(band):
            low = min(low, max(float(band.min()), low - (0.5 if not remark else 0.2) * span))
            high = max(high, min(float(band.max()), high + (0.5 if not remark else 0.2) * span))
    if high <= low:
        low, high = low - 0.5 - 0.02 * abs(low), high + 0.5 + 0.02 * abs(high)
    margin = 0.04 * (high - low)
    return low - margin, high + margin, remark


def note_cut(axes: Axes, remark: str) -> None:
    if remark:
        axes.text(0.99, 0.02, remark, transform=axes.transAxes, fontsize=7.5, color="#444444", ha="right", gid="cut",
                  bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1})


def legend_below(figure: Figure, handles: list[Line2D]) -> None:
    """The legend under the panels, in as many columns as fit."""
    if not handles:
        return
    # inches of the widest entry: a letter takes about 0.08, the line and the gaps 0.6
    widest = 0.6 + 0.08 * max(len(str(handle.get_label())) for handle in handles)
    columns = max(1, min(4, len(handles), int(figure.get_figwidth() / widest)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def use_log_steps(axes: Axes, low: float, high: float) -> None:
    axes.set_xscale("log", nonpositive="mask")
    axes.set_xlim(low * 0.95, high)
    use_thousands(axes.xaxis)
    axes.xaxis.set_minor_formatter(NullFormatter())


def use_thousands(axis) -> None:
    low, high = axis.get_view_interval()
    subs = (1, 2, 5) if low > 0 and high / low < 1000 else (1,)
    axis.set_major_locator(MaxNLocator(nbins=6) if axis.get_scale() == "linear" else LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(_thousands))


def _thousands(value: float, _) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:,.4g}"


def grid_of(count: int, width: float = 4.3, height: float = 3.3) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels in two or three columns, each of `width` by `height` inches."""
    columns = 2 if count in (2, 4) else min(3, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(max(width * columns, 5.6), height * rows + 0.6), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in panels[count:]:
        unused.remove()
    return figure, panels[:count]
