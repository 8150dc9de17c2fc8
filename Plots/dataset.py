"""Converts datasets of transitions: python Plots/dataset.py FROM TO [--environment NAME]; see foresight/datasets.py."""

import argparse
import sys

from foresight.datasets import DatasetError, convert
from foresight.program import leave


def main() -> int:
    parser = argparse.ArgumentParser(description="Converts datasets of transitions.")
    parser.add_argument("source", metavar="FROM", help=".npz, .hdf5, or minari:NAME")
    parser.add_argument("target", metavar="TO", help="likewise")
    parser.add_argument("--environment", help="name of the environment in the new file")
    arguments = parser.parse_args()
    try:
        count = convert(arguments.source, arguments.target, arguments.environment)
    except DatasetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{count} transitions in {arguments.target}")
    return 0


if __name__ == "__main__":
    leave(main)
