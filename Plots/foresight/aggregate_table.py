"""The aggregates of a study as tables: plain text, CSV, Markdown and LaTeX."""

import csv
from pathlib import Path

from .aggregate import METRICS, Estimate
from .comparison import Comparison, compare, groups, unscored
from .load import Study
from .table import _latex

HEADINGS = ["Tasks", "Agent", "IQM", "Median", "Mean", "Optimality gap", "P(better)", "Ratio of samples"]


def comparisons(study: Study) -> list[Comparison]:
    """Of every group of tasks in which two agents can be compared."""
    return [compare(study, group) for group in groups(study) if len(group.agents) > 1]


def rows(study: Study, found: list[Comparison]) -> list[list[str]]:
    """One row for each group and agent, in the order of `HEADINGS`."""
    lines = []
    for comparison in found:
        for agent, estimates in comparison.estimates.items():
            better, ratio = comparison.improvement.get(agent), comparison.ratios.get(agent)
            lines.append([comparison.group.name, study.display.name(agent),
                          *(_cell(estimates[metric], comparison.seeds) for metric in METRICS),
                          _cell(better, comparison.seeds) if better else "-", ratio.text if ratio else "-"])
    return lines


def _cell(estimate: Estimate, seeds: int) -> str:
    return f"{estimate.value:z.2f}" + (f" [{estimate.low:z.2f}, {estimate.high:z.2f}]" if seeds > 1 else "")


def notes(study: Study, found: list[Comparison]) -> list[str]:
    """What the numbers are and what they are not."""
    lines = []
    for comparison in found:
        group = comparison.group
        scale = ", ".join(f"{study.display.name(name)} {study.scales[name].random:g} to {study.scales[name].reference:g} "
                          f"({study.scales[name].source})" for name in group.environments)
        interval = f"; intervals: {comparison.interval}, {comparison.seeds} seeds a task" if comparison.interval else ""
        lines.append(f"{group.name}: final scores, 0 to 1 being {scale}{interval}")
        if comparison.baseline:
            lines.append(f"{group.name}: P(better) and the ratio of samples (its steps to the thresholds over the agent's) "
                         f"are against {study.display.name(comparison.baseline)}")
        if group.left_out:
            lines.append(f"{group.name}: without {', '.join(group.left_out)}, which have no runs in some of the tasks")
    if found and unscored(study):
        lines.append(f"no aggregate has {', '.join(unscored(study))}: no returns for 0 and 1 "
                     "(figures.scores in the study's file)")
    return lines


def text_table(study: Study, found: list[Comparison]) -> str:
    """Aligned columns with the notes below; '' where nothing can be compared."""
    if not found:
        return ""
    cells = [HEADINGS, *rows(study, found)]
    keep = [column for column in range(len(HEADINGS)) if column < 6 or any(line[column] != "-" for line in cells[1:])]
    widths = {column: max(len(line[column]) for line in cells) for column in keep}
    lines = ["  ".join(line[column].ljust(widths[column]) for column in keep).rstrip() for line in cells]
    lines.insert(1, "  ".join("-" * widths[column] for column in keep))
    return "\n".join([*lines, *notes(study, found)])


def markdown_table(study: Study, found: list[Comparison]) -> str:
    cells = rows(study, found)
    lines = [f"| {' | '.join(HEADINGS)} |", "|" + " --- |" * 2 + " ---: |" * (len(HEADINGS) - 2)]
    lines += [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes(study, found))])


def latex_table(study: Study, found: list[Comparison]) -> str:
    """For the package booktabs."""
    lines = [f"% {note}" for note in notes(study, found)]
    lines += ["\\begin{tabular}{ll" + "r" * (len(HEADINGS) - 2) + "}", "\\toprule",
              " & ".join(map(_latex, HEADINGS)) + " \\\\", "\\midrule"]
    lines += [" & ".join(map(_latex, line)) + " \\\\" for line in rows(study, found)]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def write_aggregates(study: Study, found: list[Comparison], path: Path) -> None:
    """As CSV (RFC 4180), one row a group, agent and metric."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["tasks", "agent", "metric", "value", "low", "high"])
        for comparison in found:
            for agent, estimates in comparison.estimates.items():
                for metric, number in estimates.items():
                    writer.writerow([comparison.group.name, agent, metric, number.value, number.low, number.high])
                for metric, table in (("probability_of_improvement", comparison.improvement),
                                      ("sample_ratio", comparison.ratios)):
                    if agent in table:
                        cells = [number if number == number else "" for number in
                                 (table[agent].value, table[agent].low, table[agent].high)]
                        writer.writerow([comparison.group.name, agent, metric, *cells])
