"""How the scripts of this folder end."""

import os
import sys
from collections.abc import Callable


def leave(main: Callable[[], int]) -> None:
    """Runs a script's `main` and leaves with its status; quietly where whoever reads the output has seen enough, as `head`."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)
