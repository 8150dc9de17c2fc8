"""Prints a study's table and writes its figures: python Plots/plot.py DIR [--out FOLDER] [--format png|svg|pdf]."""

import argparse
import sys
from pathlib import Path

from foresight_plots.load import load_study
from foresight_plots.program import leave
from foresight_plots.table import format_table, summarize, write_table
from foresight_plots.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="foresight plot", description="Prints a study's table and writes its figures.")
    parser.add_argument("study", type=Path, metavar="DIR",
                        help="the folder that 'foresight study run' wrote, or a study's folder in Experiments")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the files go (default: DIR/figures)")
    parser.add_argument("--format", choices=["png", "svg", "pdf"], default="png", help="of the figures (default: png)")
    parser.add_argument("--no-figures", action="store_true", help="the table only, printed and as table.csv")
    options = parser.parse_args(arguments)
    out = options.out if options.out is not None else options.study / "figures"
    try:
        study = load_study(options.study)
        rows = summarize(study)
        print(format_table(rows), flush=True)
        out.mkdir(parents=True, exist_ok=True)
        written = [out / "table.csv"]
        write_table(rows, written[0])
        if not options.no_figures:
            from foresight_plots.output import write_figures

            written += write_figures(study, out, options.format)
        print()
        for path in written:
            print(path)
        sys.stdout.flush()
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `leave` knows
        raise
    except OSError as error:
        print(f"error: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main)
