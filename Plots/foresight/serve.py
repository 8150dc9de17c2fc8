"""Actions over a Unix socket: one line of JSON with an observation in, one with the action out.

`{"observation": [..]}` gives `{"action": [..]}`; `{"observations": [[..], ..]}` gives `{"actions": [[..], ..]}`. What is wrong
with a line comes back as `{"error": "..."}`, and the connection stays open.
"""

import json
import os
import socketserver
import stat
from pathlib import Path

import numpy as np

from .policy import Policy
from .tables import StudyError

LONGEST_LINE = 16 << 20


def answer(policy: Policy, line: bytes) -> bytes:
    """What is sent back for one line."""
    try:
        asked = json.loads(line)
        if not isinstance(asked, dict) or len(asked.keys() & {"observation", "observations"}) != 1:
            raise ValueError("expected an object with 'observation' or 'observations'")
        one = "observation" in asked
        x = np.asarray(asked["observation" if one else "observations"], dtype=np.float32)
        if x.ndim != (1 if one else 2):
            raise ValueError(f"expected {'a list of numbers' if one else 'a list of lists of numbers'}")
        if not np.isfinite(x).all():
            raise ValueError("an observation is not finite")
        return json.dumps({"action" if one else "actions": policy.act(x).tolist()}).encode() + b"\n"
    except (ValueError, TypeError, RecursionError) as error:
        return json.dumps({"error": str(error)}).encode() + b"\n"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers every connection in a thread of its own; the socket is for this user alone."""

    daemon_threads = True

    def __init__(self, policy: Policy, path: Path):
        self.policy = policy
        if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
            raise StudyError(f"{path}: is in the way, and no socket")
        if path.exists():
            path.unlink()
        before = os.umask(0o177)
        try:
            super().__init__(str(path), Handler)
        except OSError as error:
            raise StudyError(f"{path}: {error.strerror or error}") from error
        finally:
            os.umask(before)


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        while line := self.rfile.readline(LONGEST_LINE):
            if not line.endswith(b"\n"):
                return
            try:
                self.wfile.write(answer(self.server.policy, line))
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                return
