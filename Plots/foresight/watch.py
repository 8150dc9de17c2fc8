"""The report of a study or run while it goes on, on a page of this machine's own loopback address.

The page's address holds a random token, without which the server says nothing; requests that name another host, as a page of
some website could make them, are refused too.
"""

import hashlib
import hmac
import os
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .load import Study, load
from .report import render
from .tables import StudyError

FIGURES = {"sample-efficiency", "aggregate-scores", "efficiency", "learning-curve", "training", "metrics", "run"}
"""What the live page draws: what changes while runs go on."""
_SHARE = 0.015
"""Part of what one process gets of a processor that drawing may take, so that what is watched is not slowed by more."""


class LivePage:
    """The page of a folder, drawn again when a file has changed, but no more often than its cost allows."""

    def __init__(self, folder: Path, share: float = _SHARE):
        self.folder = folder
        self._share = share
        self._lock = threading.Lock()
        self._page, self._state, self._due = "", "", 0.0
        self.drawings = 0

    def current(self) -> tuple[str, str]:
        """The page and a tag that changes with it. Raises StudyError when the folder cannot be read."""
        with self._lock:
            if not self._page or (time.monotonic() >= self._due and self._look() != self._state):
                state, began = self._look(), time.thread_time()
                self._page = render(self._load(), live=True, source=self.folder, figures=FIGURES)
                self._state, self.drawings = state, self.drawings + 1
                crowd = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
                self._due = time.monotonic() + min((time.thread_time() - began) / self._share * crowd, 300.0)
            return self._page, hashlib.sha256(self._page.encode()).hexdigest()[:16]

    def _load(self) -> Study:
        return load(self.folder, empty=True)

    def _look(self) -> str:
        """What the folder's files are like: their sizes and times."""
        marks = []
        for name in ("study.json", "manifest.json", "evaluations.csv", "timing.csv"):
            for path in sorted(self.folder.rglob(name)):
                try:
                    status = path.stat()
                except OSError:
                    continue
                marks.append(f"{path}:{status.st_size}:{status.st_mtime_ns}")
        return hashlib.sha256("\n".join(marks).encode()).hexdigest()


def make_server(folder: Path, port: int = 0, token: str | None = None) -> tuple[ThreadingHTTPServer, str]:
    """A server on 127.0.0.1 that has not begun to answer, and the address of its page. Port 0 is any that is free.

    Raises StudyError when there is neither a study nor a run in `folder`, OSError when the port is taken.
    """
    token = token or secrets.token_urlsafe(18)
    page = LivePage(folder)
    load(folder, empty=True)

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "foresight", ""

        def do_GET(self) -> None:
            hosts = {f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")}
            parts = self.path.split("?", 1)[0].split("/")
            if self.headers.get("Host") not in hosts or len(parts) != 3 or not hmac.compare_digest(
                    parts[1].encode(), token.encode()) or parts[2] not in ("", "content"):
                return self._send(HTTPStatus.NOT_FOUND, "not found", "text/plain")
            try:
                text, tag = page.current()
            except StudyError as error:
                return self._send(HTTPStatus.INTERNAL_SERVER_ERROR, f"error: {error}", "text/plain")
            if self.headers.get("If-None-Match") == f'"{tag}"':
                self.send_response(HTTPStatus.NOT_MODIFIED)
                self.end_headers()
                return None
            return self._send(HTTPStatus.OK, text, "text/html", tag)

        def _send(self, status: HTTPStatus, text: str, kind: str, tag: str | None = None) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
                             "script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'")
            if tag:
                self.send_header("ETag", f'"{tag}"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server, f"http://127.0.0.1:{server.server_port}/{token}/"
