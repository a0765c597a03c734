"""Fresh processes that load from the server of tests/hub_server.py, or run the command line against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LOAD = """
import json, os, sys
options, prepare = json.loads(sys.argv[2]), sys.argv[3]
exec(prepare)
from gliner2_lite import GLiNER2
try:
    model = GLiNER2.from_pretrained(sys.argv[1], **options)
except Exception as error:
    print(type(error).__name__, error)
else:
    print("loaded", model.variant, sorted(model.extract_entities("Ann met Bob.", ["person"])))
"""
LOADED = "loaded fp32 ['entities']"
#: Tells what is logged, and whether finding the bundle took longer than the Hub may be waited for.
TIMED = """
import logging, sys, time
import gliner2_lite.hub.fetch as fetch, huggingface_hub.file_download
inner = fetch.download_bundle
def timed(*args, **options):
    begin = time.perf_counter()
    found = inner(*args, **options)
    spent = time.perf_counter() - begin
    print("in time" if spent < 2 + 2 else f"too long: {spent}")
    return found
fetch.download_bundle = timed
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
"""
# Root writes where mode bits forbid it, unless a process gives up that right for its successor.
PLAIN_USER = """
import ctypes, os, sys
if os.geteuid() == 0:
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def environment(endpoint: str, cache: Path, **more: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return known | {
        "HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",  # its protocol is not spoken here
        "NO_PROXY": "127.0.0.1", **more,
    }  # fmt: skip


def load(
    endpoint: str, cache: Path, repo: str = "org/small", *, options: dict[str, Any] | None = None,
    prepare: str = "", plain_user: bool = False, **more: str,
) -> str:  # fmt: skip
    """What a fresh process prints; the client reads its environment when it is imported."""
    command = [sys.executable, "-c", LOAD, repo, json.dumps(options or {}), prepare]
    if plain_user:
        command = [sys.executable, "-c", PLAIN_USER, *command[1:]]
    done = subprocess.run(
        command, env=environment(endpoint, cache, **more), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def listing(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
    }


def files_in(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def command(endpoint: str, home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Exit code and output of the command line with ``arguments``."""
    done = subprocess.run(
        [sys.executable, "-m", "gliner2_lite", *arguments],
        env=environment(endpoint, home, **more), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr
