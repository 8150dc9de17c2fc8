"""What is kept of a study in its folder of Experiments, and how its README.md stays true."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from .aggregate_table import comparisons, write_aggregates
from .aggregate_table import markdown_table as aggregates_markdown
from .load import DECISIONS, EVALUATIONS_ADDED, RESULTS, Study, load_study
from .table import SummaryRow, markdown_table, summarize, write_table
from .tables import StudyError

TABLE_BEGINS, TABLE_ENDS = "<!-- table: made by Plots/collect.py -->", "<!-- end of table -->"
AGGREGATES_BEGIN, AGGREGATES_END = "<!-- aggregates: made by Plots/collect.py -->", "<!-- end of aggregates -->"
_MEASURES_BEGIN = 4
"""Columns of evaluations.csv before those kept by name: environment_steps, episode, return, length."""


def keep_runs(results: Path, experiment: Path) -> list[Path]:
    """Writes manifests.jsonl and results.csv of `experiment` from the folders of the runs; returns their paths."""
    try:
        study = json.loads((results / "study.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"{results}: not a study folder (no study.json)") from error
    manifests, evaluations = [], []
    for run in study["runs"]:
        folder = results / run["folder"]
        if not (folder / "manifest.json").exists():
            raise StudyError(f"{folder}: no run yet; 'foresight study run' finishes the study")
        manifests.append(_manifest_line(folder))
        key = [study["study"], run["environment"], run["agent"], str(run["seed"])]
        evaluations.append((key, *_evaluations(folder, int(run["steps"]))))
    measures = list(dict.fromkeys(
        name for _, names, rows in evaluations for place, name in enumerate(names, _MEASURES_BEGIN)
        if name not in EVALUATIONS_ADDED or any(row[place] for row in rows)))
    kept, tidy = experiment / "manifests.jsonl", experiment / "results.csv"
    kept.write_text("".join(line + "\n" for line in manifests), encoding="utf-8")
    with open(tidy, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*RESULTS, *measures])
        for key, names, rows in evaluations:
            places = [names.index(name) + _MEASURES_BEGIN if name in names else None for name in measures]
            for row in rows:
                writer.writerow([*key, *row[:3], *("" if place is None else row[place] for place in places)])
    return [kept, tidy]


def _manifest_line(folder: Path) -> str:
    """The manifest on one line, its numbers as they were written, with the run's time as last entry."""
    text = (folder / "manifest.json").read_text(encoding="utf-8").strip()
    line = re.sub(r"\n\s*", " ", text).replace("{ ", "{").replace(" }", "}")
    rows = []
    if (folder / "timing.csv").exists():
        with open(folder / "timing.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    if rows:
        line = f'{line[:-1]}, "wall_seconds": {rows[-1]["wall_seconds"]}}}'
    json.loads(line)
    return line


def _evaluations(folder: Path, steps: int) -> tuple[list[str], list[list[str]]]:
    """Names of what was measured besides returns, and the rows as they were written, up to the first step not below `steps`."""
    path = folder / "evaluations.csv"
    if not path.exists():
        return [], []
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    measures = header[_MEASURES_BEGIN:]
    if measures and measures[-1] in DECISIONS:
        measures.pop()
    last = min((int(row[0]) for row in rows if int(row[0]) >= steps), default=steps)
    return measures, [row for row in rows if int(row[0]) <= last]


def write_summary(experiment: Path, figures: bool = True) -> list[Path]:
    """Writes table.csv, the figures that README.md shows, and README.md's table; returns the paths of the files."""
    study = load_study(experiment)
    rows = summarize(study)
    written = [experiment / "table.csv"]
    write_table(rows, written[0])
    readme = experiment / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    if figures:
        from .output import study_figures, write_figures

        shown = set(re.findall(r"!\[[^]]*\]\(([^)/]+)\.png\)", text)) & set(study_figures(study))
        written += write_figures(study, experiment, "png", shown)
    if TABLE_BEGINS in text or AGGREGATES_BEGIN in text:
        if TABLE_BEGINS in text:
            text = with_table(text, rows)
        if AGGREGATES_BEGIN in text:
            found = comparisons(study)
            written.append(experiment / "aggregates.csv")
            write_aggregates(study, found, written[-1])
            text = between(text, AGGREGATES_BEGIN, AGGREGATES_END, aggregates_markdown(study, found))
        readme.write_text(text, encoding="utf-8")
        written.append(readme)
    return written


def with_table(text: str, rows: list[SummaryRow]) -> str:
    """`text` with the table between its two marks made anew."""
    return between(text, TABLE_BEGINS, TABLE_ENDS, markdown_table(rows))


def between(text: str, begin: str, end: str, content: str) -> str:
    """`text` with `content` in the place of what stands between two marks. A StudyError if the second is missing."""
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise StudyError(f"README.md: '{end}' is missing")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


def tell_of_study(
    arguments: list[str] | None, description: str, marks: tuple[str, str], text: Callable[[Study], str],
    draw: Callable[[Study, Path], None] | None = None,
) -> int:
    """What a script does with the study of the folder that its arguments name; returns its exit status.

    Prints `text` and puts it between two marks of the folder's README.md, where there is one; `draw` writes figures into
    the folder.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    try:
        study = load_study(folder)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    told = text(study)
    print(told)
    if draw is not None:
        draw(study, folder)
    page = folder / "README.md"
    if page.exists():
        page.write_text(between(page.read_text(encoding="utf-8"), *marks, told), encoding="utf-8")
    return 0
