"""Shows a study or run on a live page of this machine: python Plots/watch.py DIR [--port N]."""

import argparse
import sys
from pathlib import Path

from foresight.program import end_with_parent, leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="foresight watch", description="Shows a study or run on a live page of this machine.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a study or of a run, which may still go on")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: any that is free)")
    options = parser.parse_args(arguments)
    if not 0 <= options.port <= 65535:
        parser.error(f"port {options.port}: must be in 0...65535")
    from foresight.watch import make_server

    try:
        server, address = make_server(options.folder, options.port)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        # before the address is out: who reads it may end the program at once
        end_with_parent()
        print(address)
        print("Open it in a browser of this machine (elsewhere: forward the port with ssh). Ctrl-C ends.", flush=True)
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    server.server_close()
    return 0


if __name__ == "__main__":
    leave(main)
