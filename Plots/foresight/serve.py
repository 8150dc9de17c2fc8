"""Actions over a Unix socket or this machine's own HTTP: JSON with an observation in, JSON with the action out.

`{"observation": [..]}` gives `{"action": [..]}`; `{"observations": [[..], ..]}` gives `{"actions": [[..], ..]}`. What is wrong
comes back as `{"error": "..."}`, and the connection stays open. On the socket each is a line; by HTTP it is the body of a POST
to an address of 127.0.0.1 that holds a random token.
"""

import hmac
import json
import os
import secrets
import socketserver
import stat
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from .policy import Policy
from .tables import StudyError

LONGEST_LINE = 16 << 20


def answer(policy: Policy, line: bytes) -> bytes:
    """What is sent back for one line."""
    return reply(policy, line)[1]


def reply(policy: Policy, line: bytes) -> tuple[bool, bytes]:
    """Whether one line of JSON was understood, and the line that is sent back."""
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
        return True, json.dumps({"action" if one else "actions": policy.act(x).tolist()}).encode() + b"\n"
    except (ValueError, TypeError, RecursionError) as error:
        return False, json.dumps({"error": str(error)}).encode() + b"\n"


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


def make_web_server(policy: Policy, port: int = 0, token: str | None = None) -> tuple[ThreadingHTTPServer, str]:
    """A server on 127.0.0.1 that has not begun to answer, and the address that observations are posted to.

    Port 0 is any that is free. Raises StudyError when the port is taken.
    """
    token = token or secrets.token_urlsafe(18)

    class WebHandler(BaseHTTPRequestHandler):
        server_version, sys_version = "foresight", ""
        protocol_version = "HTTP/1.1"  # connections stay open
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body leave together

        def do_POST(self) -> None:
            hosts = {f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")}
            place = self.path.strip("/").encode("utf-8", "replace")
            if self.headers.get("Host") not in hosts or not hmac.compare_digest(place, token.encode()):
                self.close_connection = True
                return self._send(HTTPStatus.NOT_FOUND, b'{"error": "not found"}\n')
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LONGEST_LINE:
                self.close_connection = True
                return self._send(HTTPStatus.BAD_REQUEST, b'{"error": "a body of known length, at most 16 MiB, is expected"}\n')
            understood, line = reply(policy, self.rfile.read(int(length)))
            return self._send(HTTPStatus.OK if understood else HTTPStatus.BAD_REQUEST, line)

        def _send(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if self.close_connection:  # the body was not read
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), WebHandler)
    except OSError as error:
        raise StudyError(f"port {port}: {error.strerror}") from error
    server.daemon_threads = True
    return server, f"http://127.0.0.1:{server.server_port}/{token}"
