"""Prints a study's table and writes its figures: python Plots/plot.py DIR [--out FOLDER] [--format png|svg|pdf]."""

import argparse
import sys
from pathlib import Path

from foresight import aggregate_table
from foresight.load import load
from foresight.program import leave
from foresight.table import format_table, latex_table, markdown_table, summarize, write_table
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="foresight plot", description="Prints a study's table and writes its figures.")
    parser.add_argument("study", type=Path, metavar="DIR",
                        help="the folder that 'foresight study run' wrote, a study's folder in Experiments, or a run's folder")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the files go (default: DIR/figures)")
    parser.add_argument("--format", choices=["png", "svg", "pdf"], default="png", help="of the figures (default: png)")
    parser.add_argument("--only", action="append", metavar="NAME", help="only the figure of that name; may be repeated")
    parser.add_argument("--no-figures", action="store_true", help="the tables only, printed and as files")
    options = parser.parse_args(arguments)
    out = options.out if options.out is not None else options.study / "figures"
    try:
        study = load(options.study)
        rows = summarize(study)
        found = aggregate_table.comparisons(study)
        print(format_table(rows), flush=True)
        if found:
            print(f"\n{aggregate_table.text_table(study, found)}", flush=True)
        out.mkdir(parents=True, exist_ok=True)
        written = [out / "table.csv", out / "table.md", out / "table.tex"]
        write_table(rows, written[0])
        written[1].write_text(markdown_table(rows) + "\n", encoding="utf-8")
        written[2].write_text(latex_table(rows, study.display.name), encoding="utf-8")
        if found:
            written += [out / f"aggregates.{suffix}" for suffix in ("csv", "md", "tex")]
            aggregate_table.write_aggregates(study, found, written[-3])
            written[-2].write_text(aggregate_table.markdown_table(study, found) + "\n", encoding="utf-8")
            written[-1].write_text(aggregate_table.latex_table(study, found), encoding="utf-8")
        if not options.no_figures:
            from foresight.output import study_figures, write_figures

            unknown = set(options.only or []) - set(study_figures(study))
            if unknown:
                raise StudyError(f"no figure '{min(unknown)}'; there are {', '.join(study_figures(study))}")
            written += write_figures(study, out, options.format, set(options.only) if options.only else None)
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
