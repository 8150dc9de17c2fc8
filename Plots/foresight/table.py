"""The summary of a study: one row for each environment and agent."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .intervals import interval_name
from .load import Run, Study
from .statistics import bootstrap_interval, interquartile_mean, median_with_infinities, steps_to_threshold

HEADINGS = ["Environment", "Agent", "Seeds", "Threshold", "Steps to threshold", "Final return (IQM, interval)", "Wall clock"]
_LEFT = {0, 1}


@dataclass(frozen=True)
class SummaryRow:
    """One agent in one environment, over all its seeds. None: nothing measured."""

    environment: str
    agent: str
    seeds: int
    unfinished: int
    threshold: float | None
    reached: int
    steps_to_threshold: float | None
    """Median over all seeds; infinity when the median seed did not arrive."""
    steps_searched: int
    """Steps up to which every seed that did not arrive was evaluated."""
    final_return: float | None
    final_low: float | None
    final_high: float | None
    wall_seconds: float | None


def summarize(study: Study) -> list[SummaryRow]:
    """One row for each environment and agent that has runs, in the study's order."""
    rows = []
    for environment in study.environments:
        for agent in study.agents:
            runs = study.select(environment, agent)
            if runs:
                rows.append(_summarize(runs, study.thresholds.get(environment)))
    return rows


def _summarize(runs: list[Run], threshold: float | None) -> SummaryRow:
    arrivals: list[float] = []
    if threshold is not None:
        arrivals = [steps_to_threshold(run.evaluation_steps, run.evaluation_means, threshold) for run in runs]
    lagging = [run for run, arrival in zip(runs, arrivals) if math.isinf(arrival)]
    final = np.array([run.evaluation_means[-1] for run in runs if run.started])
    interval = bootstrap_interval(final) if len(final) > 1 else [None, None]
    walls = [run.wall_seconds for run in runs if run.wall_seconds is not None]
    return SummaryRow(
        environment=runs[0].environment,
        agent=runs[0].agent,
        seeds=len(runs),
        unfinished=sum(not run.finished for run in runs),
        threshold=threshold,
        reached=sum(math.isfinite(arrival) for arrival in arrivals),
        steps_to_threshold=median_with_infinities(arrivals) if arrivals else None,
        steps_searched=min((_searched(run) for run in lagging), default=0),
        final_return=float(interquartile_mean(final)) if len(final) else None,
        final_low=None if interval[0] is None else float(interval[0]),
        final_high=None if interval[1] is None else float(interval[1]),
        wall_seconds=float(np.median(walls)) if walls else None,
    )


def _searched(run: Run) -> int:
    if not run.started:
        return 0
    return run.steps if run.finished else int(run.evaluation_steps[-1])


def format_table(rows: list[SummaryRow]) -> str:
    """The rows in aligned columns of plain text, with notes on the intervals and on unfinished runs if there are any."""
    cells = [HEADINGS] + [_format(row) for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADINGS))]
    lines = [_join(line, widths) for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if any(row.final_low is not None for row in rows):
        lines.append(f"Intervals: {interval_note(rows)}.")
    unfinished = sum(row.unfinished for row in rows)
    if unfinished:
        runs = "run has" if unfinished == 1 else "runs have"
        lines.append(f"* {unfinished} {runs} not finished; the figures are of what there is so far.")
    return "\n".join(lines)


def interval_note(rows: list[SummaryRow]) -> str:
    """What the rows' intervals may be called, by their numbers of seeds."""
    return interval_phrase([row.seeds for row in rows if row.final_low is not None])


def interval_phrase(counts: list[int]) -> str:
    """`range over 3 seeds`, or the like, for a figure whose curves have these numbers of seeds."""
    names: dict[str, list[int]] = {}
    for count in sorted(set(counts)):
        names.setdefault(interval_name(count), []).append(count)
    if list(names) == [""]:
        return "no interval (one seed)"
    parts = [f"{name} over {' or '.join(map(str, seeds))} seeds" for name, seeds in names.items() if name]
    return "; ".join(parts)


def latex_table(rows: list[SummaryRow], name=str) -> str:
    """The rows as a LaTeX table for the package booktabs; `name` gives what an environment or agent is called."""
    columns = _told(rows)
    align = "".join("l" if column in _LEFT else "r" for column in columns)
    lines = [f"% {interval_note(rows)}" if any(row.final_low is not None for row in rows) else "% no intervals",
             f"\\begin{{tabular}}{{{align}}}", "\\toprule",
             " & ".join(_latex(HEADINGS[column]) for column in columns) + " \\\\", "\\midrule"]
    previous = None
    for row in rows:
        cells = _format(row)
        cells[0], cells[1] = name(row.environment), name(row.agent)
        if previous not in (None, row.environment) and 0 in columns:
            lines.append("\\addlinespace")
        cells[0] = "" if previous == row.environment else cells[0]
        previous = row.environment
        lines.append(" & ".join(_latex(cells[column]) for column in columns) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _latex(text: str) -> str:
    """Text with LaTeX's own characters escaped, numbers and comparisons in mathematics."""
    text = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", "/"))
    text = re.sub(r"(?<![\w-])-(?=[\d.])", "$-$", text)
    return text.replace("<", "$<$").replace(">", "$>$").replace("~", "\\textasciitilde{}").replace("^", "\\textasciicircum{}")


def cells(row: SummaryRow, name=str) -> list[str]:
    """The row as text, in the order of `HEADINGS`."""
    return [name(row.environment), name(row.agent), *_format(row)[2:]]


def _told(rows: list[SummaryRow]) -> list[int]:
    """The columns that say something: one environment, no thresholds and no times are left out."""
    varied = {0: len({row.environment for row in rows}) > 1, 6: any(row.wall_seconds is not None for row in rows)}
    varied[3] = varied[4] = any(row.threshold is not None for row in rows)
    return [column for column in range(len(HEADINGS)) if varied.get(column, True)]


def markdown_table(rows: list[SummaryRow]) -> str:
    """The rows as a Markdown table; columns that say nothing (one environment, no thresholds, no times) are left out."""
    lines = [_format(row) for row in rows]
    columns = _told(rows)
    text = ["| " + " | ".join(HEADINGS[column] for column in columns) + " |",
            "| " + " | ".join("---" if column in _LEFT else "---:" for column in columns) + " |"]
    for line in lines:
        cells = [f"`{line[column]}`" if column in _LEFT else line[column] for column in columns]
        text.append("| " + " | ".join(cells) + " |")
    if any(row.final_low is not None for row in rows):
        text += ["", f"Intervals: {interval_note(rows)}."]
    return "\n".join(text)


def _join(line: list[str], widths: list[int]) -> str:
    padded = [cell.ljust(width) if i in _LEFT else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
    return "  ".join(padded).rstrip()


def _format(row: SummaryRow) -> list[str]:
    seeds = f"{row.seeds} ({row.unfinished} unfinished*)" if row.unfinished else str(row.seeds)
    threshold = "-" if row.threshold is None else f"{row.threshold:g}"
    return [row.environment, row.agent, seeds, threshold, format_steps(row), _format_final(row),
            "-" if row.wall_seconds is None else format_duration(row.wall_seconds)]


def format_steps(row: SummaryRow) -> str:
    """`1,200 (3/3 seeds)`, or `> 10,000 (1/3 seeds)` when the median seed did not arrive."""
    if row.steps_to_threshold is None:
        return "-"
    share = f"({row.reached}/{row.seeds} seeds)"
    if math.isinf(row.steps_to_threshold):
        return f"> {row.steps_searched:,} {share}"
    return f"{row.steps_to_threshold:,.0f} {share}"


def _format_final(row: SummaryRow) -> str:
    if row.final_return is None:
        return "-"
    if row.final_low is None:
        return f"{row.final_return:z.1f}"
    return f"{row.final_return:z.1f} [{row.final_low:z.1f}, {row.final_high:z.1f}]"


def format_duration(seconds: float) -> str:
    """`8.3 s`, `2 min 05 s` or `1 h 02 min`."""
    if seconds < 59.95:
        return f"{seconds:z.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def write_table(rows: list[SummaryRow], path: Path) -> None:
    """The rows as CSV (RFC 4180). Empty cells: not measured, or a median that never arrived."""
    names = ["environment", "agent", "seeds", "unfinished_seeds", "threshold", "seeds_reached", "steps_to_threshold",
             "final_return", "final_return_low", "final_return_high", "wall_seconds"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            arrival = row.steps_to_threshold
            writer.writerow([row.environment, row.agent, row.seeds, row.unfinished, _cell(row.threshold),
                             "" if arrival is None else row.reached,
                             "" if arrival is None or math.isinf(arrival) else _cell(arrival),
                             _cell(row.final_return), _cell(row.final_low), _cell(row.final_high), _cell(row.wall_seconds)])


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(value)
