"""Takes a run's policy elsewhere: python Plots/export.py RUN --to onnx|safetensors|numpy|torch [--out FILE]."""

import argparse
import sys
from pathlib import Path

from foresight.program import leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    try:
        return _policy(arguments)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _policy(arguments: list[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="foresight export", description="Writes a run's policy, and checks it against the agent's own actions.",
        epilog="'foresight export tensorboard DIR' writes event files; see its --help.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--to", choices=["onnx", "safetensors", "numpy", "torch"], required=True, help="the form")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where it goes (default: RUN/policy with the form's ending)")
    parser.add_argument("--observations", type=int, default=1000, metavar="N", help="to check it by (default: 1000; 0: none)")
    options = parser.parse_args(arguments)
    from foresight.export import SUFFIXES, check, write
    from foresight.policy import Policy

    policy = Policy.load(options.run)
    out = options.out or options.run / f"policy{SUFFIXES[options.to]}"
    write(policy, out, options.to)
    print(f"{out}: {policy.source}, {policy.observation_size} numbers in, "
          f"{policy.action_size} {'choice' if policy.discrete else 'real'}{'' if policy.action_size == 1 else 's'} out")
    if policy.shown:
        print(f"its observations are as the environment's wrappers show them: {policy.shown}")
    if options.observations > 0:
        try:
            worst = check(policy, out, options.to, options.run, options.observations)
        except StudyError:
            out.unlink()
            raise
        print(f"its actions differ by at most {worst:.2g} from the agent's own")
    return 0


if __name__ == "__main__":
    leave(main)
