"""A small Hub on loopback: enough of its protocol for the real huggingface_hub client."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve(repos: dict[str, Path], *, token: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve each directory as a model repository; yields the endpoint and the list of requests seen.

    With ``token`` every request without it is answered 401.
    """
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            requests.append(f"{self.command} {self.path}")
            path = self.path.partition("?")[0].removeprefix("/api/models").strip("/")
            name = "/".join(path.split("/")[:2])
            if token is not None and self.headers.get("Authorization") != f"Bearer {token}":
                self.send(
                    401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "access is restricted"}, body
                )
            elif name not in repos:
                self.send(404, b"", {"X-Error-Code": "RepoNotFound"}, body)
            elif self.path.startswith("/api/"):
                files = sorted(
                    p.relative_to(repos[name]).as_posix() for p in repos[name].rglob("*") if p.is_file()
                )
                if "/tree/" in path:
                    entries = [
                        {
                            "type": "file",
                            "path": file,
                            "size": (repos[name] / file).stat().st_size,
                            "oid": COMMIT,
                        }
                        for file in files
                    ]
                    self.send(200, json.dumps(entries).encode(), {}, body)
                    return
                info = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
                self.send(200, json.dumps(info).encode(), {}, body)
            else:
                self.file(repos[name] / "/".join(path.split("/")[4:]), body=body)

        def file(self, path: Path, *, body: bool) -> None:
            headers = {"X-Repo-Commit": COMMIT}
            if not path.is_file():
                self.send(404, b"", {**headers, "X-Error-Code": "EntryNotFound"}, body)
                return
            data = path.read_bytes()
            headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            self.send(200, data, headers, body)

        def send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the requests are recorded instead."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
