"""Draws the tables of `foresight diagnose`: python Plots/diagnosis.py DIR [--format png|svg|pdf]."""

import argparse
import sys
from pathlib import Path

import pandas as pd
from foresight.program import leave


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="diagnosis.py", description="Draws the tables of 'foresight diagnose'.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a run's folder 'diagnosis'")
    parser.add_argument("--format", choices=["png", "svg", "pdf"], default="png", help="of the figure (default: png)")
    options = parser.parse_args(arguments)
    from foresight.diagnosis import model_quality, read_diagnosis
    from foresight.style import save

    path = options.folder / f"model-quality.{options.format}"
    try:
        save(model_quality(read_diagnosis(options.folder)), path)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except (KeyError, ValueError, pd.errors.ParserError) as error:
        print(f"error: {options.folder}: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    leave(main)
