"""A small Hub on loopback: the part of its protocol that the real huggingface_hub client uses here.

Reading (HEAD and GET of files, with ranges; list of a repository's files) and writing (who am I, create
repository and branch, preupload, LFS batch and upload, commit). What was pushed can be read again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server holds and what it was asked. ``repos`` are directories, new ones in ``root``."""

    repos: dict[str, Path]
    root: Path
    token: str | None = None
    gated: bool = False
    #: Answer (method, path) with this status instead; None leaves it alone.
    fail: Callable[[str, str], int | None] = lambda method, path: None
    #: Cut the connection after so many bytes of a file with this name.
    cut: dict[str, int] = field(default_factory=dict)
    #: Stop after so many bytes of a file with this name, until its reader has gone; ``paused`` tells when.
    pause: dict[str, int] = field(default_factory=dict)
    paused: threading.Event = field(default_factory=threading.Event)
    #: Flip the last bit of files with these names on their way; the ETag stays that of the right content.
    corrupt: set[str] = field(default_factory=set)
    commit: str = COMMIT
    revisions: tuple[str, ...] = ("main",)
    requests: list[str] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    lfs: dict[str, bytes] = field(default_factory=dict)
    endpoint: str = ""

    def gets(self) -> list[str]:
        """Names of files whose content was asked for."""
        return [request.rpartition("/")[2] for request in self.requests if request.startswith("GET /org/")]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self.answer()

    do_GET = do_POST = do_PUT = do_HEAD

    def answer(self) -> None:
        hub, path = self.hub, unquote(self.path.partition("?")[0])
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = self.chunks()
        hub.requests.append(f"{self.command} {path}")
        status = hub.fail(self.command, path)
        if status is not None:
            self.send(status, b"no", {})
        elif path.startswith("/lfs/"):  # a signed address: no token
            hub.lfs[path.removeprefix("/lfs/")] = body
            self.send(200, b"", {})
        elif hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
            code = (
                {"X-Error-Code": "GatedRepo", "X-Error-Message": "access is restricted"} if hub.gated else {}
            )
            self.send(401, b"", code)
        elif self.command in ("GET", "HEAD") and path != "/api/whoami-v2":
            self.read(path)
        else:
            self.write(path, body)

    def read(self, path: str) -> None:
        hub, api = self.hub, path.startswith("/api/models/")
        parts = path.removeprefix("/api/models").strip("/").split("/")
        name = "/".join(parts[:2])
        if name not in hub.repos:
            self.send(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        root = hub.repos[name]
        revision = parts[3] if len(parts) > 3 else "main"
        if revision not in (*hub.revisions, hub.commit):
            self.send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif api:
            names = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
            if "tree" in parts:
                entries = [
                    {"type": "file", "path": n, "size": (root / n).stat().st_size, "oid": COMMIT}
                    for n in names
                ]
                self.send_json(entries)
            else:
                self.send_json(
                    {"id": name, "sha": hub.commit, "siblings": [{"rfilename": name} for name in names]}
                )
        else:
            self.file(root / "/".join(parts[4:]))

    def file(self, path: Path) -> None:
        headers = {"X-Repo-Commit": self.hub.commit}
        if not path.is_file():
            self.send(404, b"", {**headers, "X-Error-Code": "EntryNotFound"})
            return
        data = path.read_bytes()
        headers |= {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        if path.name in self.hub.corrupt:
            data = data[:-1] + bytes([data[-1] ^ 1])
        status, wanted = 200, self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            first = int(wanted.removeprefix("bytes=").split("-")[0])
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[first:]
        pause = self.hub.pause.get(path.name)
        self.send(status, data, headers, cut=self.hub.cut.get(path.name) if pause is None else pause)
        if pause is not None and self.command == "GET":
            self.wfile.flush()
            self.hub.paused.set()
            self.rfile.read(1)

    def write(self, path: str, body: bytes) -> None:
        hub = self.hub
        if path == "/api/whoami-v2":
            self.send_json({"name": "org", "type": "user"})
        elif path == "/api/validate-yaml":  # of the card's front matter
            self.send_json({"errors": [], "warnings": []})
        elif path == "/api/repos/create":
            asked = json.loads(body)
            hub.created.append(asked)
            if f"org/{asked['name']}" not in hub.repos:
                hub.repos[f"org/{asked['name']}"] = hub.root / asked["name"]
                (hub.root / asked["name"]).mkdir()
            self.send_json({"url": f"{hub.endpoint}/org/{asked['name']}"})
        elif "/branch/" in path:
            hub.branches.append(path.rpartition("/")[2])
            hub.revisions = (*hub.revisions, hub.branches[-1])
            self.send_json({})
        elif "/preupload/" in path:
            files = json.loads(body)["files"]
            modes = {True: "lfs", False: "regular"}
            self.send_json(
                {
                    "files": [
                        {
                            "path": file["path"],
                            "uploadMode": modes[file["path"].endswith((".onnx", ".npz", "_data"))],
                            "shouldIgnore": False,
                        }
                        for file in files
                    ]
                }
            )
        elif path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**item, "actions": {"upload": {"href": f"{hub.endpoint}/lfs/{item['oid']}"}}}
                for item in json.loads(body)["objects"]
            ]
            self.send_json({"transfer": "basic", "objects": objects})
        elif "/commit/" in path:
            self.commit(path, body)
        else:
            self.send(404, b"", {})

    def commit(self, path: str, body: bytes) -> None:
        hub = self.hub
        lines = [json.loads(line) for line in body.splitlines()]
        name = "/".join(path.split("/")[3:5])
        for line in lines[1:]:
            kind, value = line["key"], line["value"]
            file = hub.repos[name] / value["path"]
            if kind == "deletedFile":
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(
                hub.lfs[value["oid"]] if kind == "lfsFile" else base64.b64decode(value["content"])
            )
        hub.commits.append({**lines[0]["value"], "branch": path.rpartition("/")[2]})
        self.send_json({"commitUrl": f"{hub.endpoint}/{name}/commit/{COMMIT}", "commitOid": COMMIT})

    def chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def send_json(self, value: object) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, data: bytes, headers: dict[str, str], *, cut: int | None = None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if cut is None else data[:cut])
            if cut is not None and cut < len(data):
                self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the requests are recorded instead."""


@contextmanager
def serve(repos: dict[str, Path] | None = None, **options: Any) -> Iterator[Hub]:
    """Serve each directory as a model repository; ``options`` are fields of :class:`Hub`."""
    made = tempfile.TemporaryDirectory()
    hub = Hub(repos or {}, Path(made.name), **options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        made.cleanup()


@contextmanager
def silent() -> Iterator[str]:
    """An endpoint that accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
