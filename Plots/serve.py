"""Answers observations with a run's actions over a Unix socket, and by HTTP if asked to.

python Plots/serve.py RUN [--socket PATH] [--http PORT] [--measure]
"""

import argparse
import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from foresight.program import end_with_parent, leave
from foresight.tables import StudyError


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; returns the exit status: 0, or 1 after a one-line message on standard error."""
    parser = argparse.ArgumentParser(prog="foresight serve", description="Answers observations with a run's actions.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or a policy exported to numpy or safetensors")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="of the Unix socket (default: RUN/policy.sock)")
    parser.add_argument("--http", type=int, metavar="PORT", help="answer on this port of 127.0.0.1, too; 0: any that is free")
    parser.add_argument("--measure", action="store_true", help="measure the time of 10,000 answers and end")
    options = parser.parse_args(arguments)
    if options.http is not None and not 0 <= options.http <= 65535:
        parser.error(f"port {options.http}: must be in 0...65535")
    path = options.socket or (options.run if options.run.is_dir() else options.run.parent) / "policy.sock"
    web = None
    try:
        from foresight.policy import Policy
        from foresight.serve import Server, make_web_server

        policy = Policy.load(options.run)
        if options.http is not None:
            web, address = make_web_server(policy, options.http)
        server = Server(policy, path)
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        if web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
        if options.measure:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(f"Unix socket: {_measure(_over_socket(path), policy.observation_size)}")
            if web:
                print(f"HTTP: {_measure(_over_http(address), policy.observation_size)}")
            server.shutdown()
        else:
            # before the address is out: who reads it may end the program at once
            end_with_parent()
            print(f"{path}: {policy.source}, {policy.observation_size} numbers an observation. Ctrl-C ends.", flush=True)
            if web:
                print(f"{address}: the same, for observations that are posted to it", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        for each in filter(None, (server, web)):
            each.server_close()
        path.unlink(missing_ok=True)
    return 0


def _over_socket(path: Path) -> Callable[[bytes], object]:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    answers = client.makefile("rb")

    def ask(line: bytes) -> None:
        client.sendall(line)
        answers.readline()
    return ask


def _over_http(address: str) -> Callable[[bytes], object]:
    parts = urlsplit(address)
    client = http.client.HTTPConnection(parts.hostname, parts.port)
    client.connect()
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(line: bytes) -> None:
        client.request("POST", parts.path, line)
        client.getresponse().read()
    return ask


def _measure(ask: Callable[[bytes], object], size: int, count: int = 10_000) -> str:
    """Times from sending an observation to having its action, over one connection."""
    lines = [json.dumps({"observation": row.tolist()}).encode() + b"\n"
             for row in np.random.default_rng(0).normal(size=(100, size))]
    seconds = np.empty(count)
    for index in range(count):
        begin = time.perf_counter()
        ask(lines[index % len(lines)])
        seconds[index] = time.perf_counter() - begin
    low, middle, high = np.quantile(seconds, [0.5, 0.99, 0.999]) * 1e6
    return f"{count:,} answers: median {low:.0f} us, 99 % within {middle:.0f} us, 99.9 % within {high:.0f} us"


if __name__ == "__main__":
    leave(main)
