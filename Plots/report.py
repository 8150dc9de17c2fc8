"""Writes a study or run as one self-contained HTML page: python Plots/report.py DIR [--out FILE]."""

import argparse
import sys
from pathlib import Path

from foresight.load import load
from foresight.program import leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="foresight report", description="Writes a study or run as one HTML page.")
    parser.add_argument("study", type=Path, metavar="DIR",
                        help="the folder that 'foresight study run' wrote, a study's folder in Experiments, or a run's folder")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the page goes (default: DIR/report.html)")
    options = parser.parse_args(arguments)
    out = options.out if options.out is not None else options.study / "report.html"
    try:
        from foresight.report import render

        study = load(options.study)
        page = render(study, relative_to=out.parent, source=options.study)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return 1
    print(out)
    return 0


if __name__ == "__main__":
    leave(main)
