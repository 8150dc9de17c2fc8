"""A study or run as one HTML page that needs nothing besides itself."""

import base64
import io
import os
import platform
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import jinja2
import matplotlib
from matplotlib.figure import Figure

from . import aggregate_table, table
from .defaults import Defaults, changed_settings
from .load import Run, Study
from .output import study_figures
from .style import STYLE

_CAPTIONS = {
    "sample-efficiency": "Evaluation return against real environment steps, all environments.",
    "steps-to-threshold": "Real steps to each threshold, seed by seed.",
    "seeds-at-threshold": "Share of seeds that have reached the threshold; seeds stopped before it are censored.",
    "aggregate-scores": "Aggregates of normalised final scores.",
    "performance-profiles": "Share of runs whose normalised final score is above each level.",
    "efficiency": "Interquartile mean of normalised scores while learning.",
    "improvement": "Probability that a run of an agent beats one of the baseline.",
    "improvement-matrix": "Probability of improvement, every agent against every other.",
    "sample-ratios": "How many times as many real steps the baseline needs.",
    "learning-curve-seconds": "Evaluation return against wall-clock time.",
    "learning-curve-updates": "Evaluation return against gradient updates.",
    "learning-curve": "Evaluation return against real environment steps.",
    "training": "Return of the training episodes.",
    "value-accuracy": "What agents expected at the start of evaluation episodes, and what came of them.",
    "metrics": "What the agents' learners and models say of themselves.",
    "model-horizon": "Error of the model over steps ahead.",
    "run": "Everything that the run has written.",
}


@dataclass(frozen=True)
class Drawing:
    """A figure for the page."""

    name: str
    caption: str
    source: str
    """A data URI."""


@dataclass
class Section:
    """Figures under one heading."""

    title: str
    anchor: str
    drawings: list[Drawing] = field(default_factory=list)


@dataclass(frozen=True)
class RunLine:
    """One run in the list of all runs."""

    run: Run
    status: str
    progress: float
    link: str
    command: str
    final: str
    wall: str
    failure: str | None


def render(study: Study, *, relative_to: Path | None = None, live: bool = False, source: Path | None = None,
           program: Path | None = None, figures: Iterable[str] | None = None) -> str:
    """The page as HTML. Links to runs are relative to the folder `relative_to`; `live` adds what `foresight watch` needs."""
    base = relative_to or source or study.folder or Path()
    rows = table.summarize(study) if any(run.started for run in study.runs) else []
    found = aggregate_table.comparisons(study) if rows else []
    lines = [_run_line(run, base) for run in study.runs]
    defaults = Defaults(program)
    return _environment().get_template("report.html.j2").render(
        study=study, live=live, single=len(study.runs) == 1 and study.folder == study.runs[0].folder, rows=rows,
        headings=table.HEADINGS, cells=[table.cells(row, study.display.name) for row in rows],
        interval_note=table.interval_note(rows) if any(row.final_low is not None for row in rows) else "",
        aggregates=aggregate_table.rows(study, found), aggregate_headings=aggregate_table.HEADINGS,
        aggregate_notes=aggregate_table.notes(study, found), sections=_sections(study, figures), lines=lines,
        counts=_counts(lines), commands=_commands(study, source), versions=_versions(study),
        settings=changed_settings(study, defaults), defaults_known=defaults.known)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.PackageLoader("foresight", "."), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True, undefined=jinja2.StrictUndefined)


def _sections(study: Study, names: Iterable[str] | None) -> list[Section]:
    """Figures over all environments first, then each environment's own."""
    if not any(run.started or len(run.episodes) or len(run.training) for run in study.runs):
        return []
    wanted = None if names is None else set(names)
    sections = {"": Section("Figures", "figures")}
    for environment in study.environments:
        sections[environment] = Section(study.display.name(environment), f"environment-{len(sections)}")
    from .output import file_name

    owners = {file_name(environment): environment for environment in study.environments}
    for name, draw in study_figures(study).items():
        kind, owner = name, ""
        for ending, environment in owners.items():
            if name.endswith(f"-{ending}"):
                kind, owner = name[: -len(ending) - 1], environment
        if wanted is not None and kind not in wanted:
            continue
        figure = draw() if study.agents_in(owner or study.environments[0]) or kind in ("run", "model-horizon") else None
        if figure is not None:
            caption = next((text for start, text in _CAPTIONS.items() if kind == start or kind.startswith(start + "-")), "")
            sections[owner].drawings.append(Drawing(name, caption, _data_uri(figure)))
    return [section for section in sections.values() if section.drawings]


def _data_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _run_line(run: Run, base: Path) -> RunLine:
    status = str(run.manifest.get("status", "finished" if run.finished else "running" if run.started else "waiting"))
    done = float(run.evaluation_steps[-1]) if run.started else 0.0
    if len(run.timing):
        done = max(done, float(run.timing["environment_steps"].iloc[-1]))
    link = ""
    if run.folder is not None:
        link = quote(os.path.relpath(run.folder.resolve(), base.resolve()))
    return RunLine(
        run, status, 1.0 if status == "finished" else min(done / max(run.steps, 1), 1.0), link, _train_command(run),
        f"{run.evaluation_means[-1]:,.4g}" if run.started else "-",
        "-" if run.wall_seconds is None else table.format_duration(run.wall_seconds), run.failure)


def _train_command(run: Run) -> str:
    """The command that makes the run again."""
    if run.folder is not None and (run.folder / "manifest.json").exists():
        return f"foresight train --manifest {shlex.quote(str(run.folder / 'manifest.json'))} --out again"
    agent = str(run.manifest.get("agent", run.agent))
    label = f" --label {shlex.quote(run.agent)}" if agent != run.agent else ""
    return f"foresight train {shlex.quote(agent)} {shlex.quote(run.environment)} --seed {run.seed} --steps {run.steps}{label}"


def _counts(lines: list[RunLine]) -> dict[str, int]:
    order = ["finished", "running", "interrupted", "failed", "waiting"]
    counts = {status: sum(line.status == status for line in lines) for status in order}
    return {status: count for status, count in counts.items() if count}


def _commands(study: Study, source: Path | None) -> list[str]:
    folder = shlex.quote(str(source or study.folder or "STUDY"))
    commands = []
    if study.folder is not None and (study.folder / "study.yaml").exists():
        commands.append(f"foresight study run {shlex.quote(str(study.folder / 'study.yaml'))}")
    return [*commands, f"foresight plot {folder}", f"foresight report {folder}"]


def _versions(study: Study) -> list[tuple[str, str]]:
    """What the runs were made with, each value once."""
    facts: dict[str, list[str]] = {}
    for run in study.runs:
        host = run.manifest.get("host") or {}
        pairs = [("Foresight", run.manifest.get("version")), ("compiler", run.manifest.get("toolchain")),
                 ("commit", host.get("commit")), ("system", host.get("system")), ("BLAS kernels", host.get("blas")),
                 ("cores", host.get("cores")), ("threads", host.get("threads")), *(host.get("environment") or {}).items()]
        if host.get("changed"):
            pairs.append(("source tree", "had changes that no commit has"))
        for name, value in pairs:
            if value is not None and str(value) not in facts.setdefault(name, []):
                facts[name].append(str(value))
    facts["this page"] = [f"Python {platform.python_version()}, matplotlib {matplotlib.__version__}"]
    return [(name, ", ".join(values)) for name, values in facts.items() if values]
