"""How the scripts of this folder begin and end."""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from .tables import StudyError


def leave(main: Callable[[], int]) -> None:
    """Exits with the status of a script's `main`, and without a message when the reader closes the pipe, as `head` does."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def end_with_parent(every: float = 0.3) -> None:
    """Raises `KeyboardInterrupt` in the main thread soon after the process that started this one has ended.

    The program starts scripts in process groups of their own, so that Ctrl-C in a terminal reaches the program alone. Where
    Ctrl-C was ignored from the start, as in a script's background jobs, it no longer is. Call from the main thread.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=look, daemon=True).start()


def draw_study(
    arguments: Sequence[str] | None, description: str, collect: Callable[..., None], draw: Callable[..., Iterable[Path]],
    kinds: Sequence[str] = (),
) -> int:
    """The `main` of a script that draws a study: `[KIND] DIR`.

    Calls `collect([KIND,] DIR/results, DIR)` where there are runs, then `draw([KIND,] DIR)`, whose files it lists. Returns
    the exit status: 0, or 1 after a one-line message on standard error.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    if kinds:
        parser.add_argument("kind", choices=kinds)
    parser.add_argument("experiment", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    kind = [options.kind] if kinds else []
    results = options.experiment / "results"
    try:
        if (results / "study.json").exists():
            collect(*kind, results, options.experiment)
        for path in draw(*kind, options.experiment):
            print(path)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0
