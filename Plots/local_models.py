"""Draws a run with local models: python Plots/local_models.py RUN [--out FOLDER] [--format png|svg|pdf]."""

import argparse
import sys
from pathlib import Path

from foresight.program import leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(description="Draws the iterations, trajectories and gains of a run with local models.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run of lqr-flm, gps-badmm or gps-mirror")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the figures go (default: RUN/figures)")
    parser.add_argument("--format", choices=["png", "svg", "pdf"], default="png", help="of the figures (default: png)")
    parser.add_argument("--components", type=int, nargs=2, default=[0, 1], metavar=("I", "J"),
                        help="state components that trajectories are drawn in (default: 0 1)")
    options = parser.parse_args(arguments)
    from foresight.local_models import load_local_run, write_local_figures

    out = options.out if options.out is not None else options.run / "figures"
    try:
        paths = write_local_figures(load_local_run(options.run), out, options.format, tuple(options.components))
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename or out}: {error.strerror}", file=sys.stderr)
        return 1
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    leave(main)
