"""Takes a run's policy elsewhere, or its tables to TensorBoard.

python Plots/export.py RUN --to onnx|safetensors|numpy|torch [--out FILE]
python Plots/export.py tensorboard DIR [--out FOLDER] [--follow]
"""

import argparse
import sys
from pathlib import Path

from foresight.program import end_with_parent, leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 after a one-line message on standard error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        return _tensorboard(arguments[1:]) if arguments[:1] == ["tensorboard"] else _policy(arguments)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _policy(arguments: list[str]) -> int:
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
    if options.observations > 0:
        try:
            worst = check(policy, out, options.to, options.run, options.observations)
        except StudyError:
            out.unlink()
            raise
        print(f"its actions differ by at most {worst:.2g} from the agent's own")
    return 0


def _tensorboard(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="foresight export tensorboard", description="Writes TensorBoard's event files.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a study or of a run")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where they go (default: DIR/tensorboard)")
    parser.add_argument("--follow", action="store_true", help="go on until all runs are finished")
    options = parser.parse_args(arguments)
    from foresight.tensorboard import export

    out = options.out or options.folder / "tensorboard"
    if options.follow:
        end_with_parent()
    try:
        for folder, count in export(options.folder, out, options.follow):
            print(f"{folder}: {count:,} values")
    except KeyboardInterrupt:
        print()
    print(f"See them with: .venv/bin/tensorboard --logdir {out}")
    return 0


if __name__ == "__main__":
    leave(main)
