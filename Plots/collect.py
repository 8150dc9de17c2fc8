"""Keeps of a study what is committed: python Plots/collect.py Experiments/STUDY [--from RESULTS].

RESULTS is the folder that `foresight study run` wrote (default: Experiments/STUDY/results). Its runs' manifests go to
manifests.jsonl, one a line, and their evaluations to results.csv; both are replaced. Without RESULTS, and after it, table.csv,
the figures that README.md shows and the table in README.md are made anew from these files.
"""

import argparse
import sys
from pathlib import Path

from foresight.program import leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(description="Keeps of a study what is committed.")
    parser.add_argument("experiment", type=Path, metavar="DIR", help="a folder of Experiments, with study.yaml")
    parser.add_argument("--from", type=Path, metavar="RESULTS", dest="results",
                        help="the folder of the study's runs (default: DIR/results, where it exists)")
    parser.add_argument("--no-figures", action="store_true", help="leave the figures as they are")
    options = parser.parse_args(arguments)
    from foresight.experiments import keep_runs, write_summary

    results = options.results
    if results is None and (options.experiment / "results" / "study.json").exists():
        results = options.experiment / "results"
    try:
        written = keep_runs(results, options.experiment) if results is not None else []
        written += write_summary(options.experiment, figures=not options.no_figures)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    leave(main)
