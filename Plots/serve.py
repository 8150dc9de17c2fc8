"""Answers observations with a run's actions over a Unix socket: python Plots/serve.py RUN [--socket PATH] [--measure]."""

import argparse
import json
import socket
import sys
import threading
import time
from pathlib import Path

import numpy as np
from foresight.program import end_with_parent, leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="foresight serve", description="Answers observations with a run's actions.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or a policy exported to numpy or safetensors")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="of the Unix socket (default: RUN/policy.sock)")
    parser.add_argument("--measure", action="store_true", help="measure the time of 10,000 answers and end")
    options = parser.parse_args(arguments)
    path = options.socket or (options.run if options.run.is_dir() else options.run.parent) / "policy.sock"
    try:
        from foresight.policy import Policy
        from foresight.serve import Server

        policy = Policy.load(options.run)
        server = Server(policy, path)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        if options.measure:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(_measure(path, policy.observation_size))
            server.shutdown()
        else:
            print(f"{path}: {policy.source}, {policy.observation_size} numbers an observation. Ctrl-C ends.", flush=True)
            end_with_parent()
            server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()
        path.unlink(missing_ok=True)
    return 0


def _measure(path: Path, size: int, count: int = 10_000) -> str:
    """Times from sending an observation to having its action, over one connection."""
    lines = [json.dumps({"observation": row.tolist()}).encode() + b"\n"
             for row in np.random.default_rng(0).normal(size=(100, size))]
    seconds = np.empty(count)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        with client.makefile("rb") as answers:
            for index in range(count):
                begin = time.perf_counter()
                client.sendall(lines[index % len(lines)])
                answers.readline()
                seconds[index] = time.perf_counter() - begin
    low, middle, high = np.quantile(seconds, [0.5, 0.99, 0.999]) * 1e6
    return f"{count:,} answers: median {low:.0f} us, 99 % within {middle:.0f} us, 99.9 % within {high:.0f} us"


if __name__ == "__main__":
    leave(main)
