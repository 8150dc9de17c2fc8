"""Sums up what a study's evaluations measured besides returns: python Plots/measures.py DIR [--reach NAME=LIMIT ...]."""

import argparse
import sys
from pathlib import Path

from foresight.program import leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(description="Sums up what a study's evaluations measured besides returns.")
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument("--reach", action="append", default=[], metavar="NAME<=X|NAME>=X",
                        help="say when each seed's evaluation mean was first there, such as 'final_distance<=0.02'")
    options = parser.parse_args(arguments)
    from foresight.measures import format_measures, parse_goal, summarize_measures

    try:
        goals = [parse_goal(text) for text in options.reach]
        print(format_measures(summarize_measures(options.study, goals)))
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main)
