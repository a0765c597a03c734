"""Loading from the Hub: the real client against a server on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_server import serve

SCRIPT = """
import sys
from gliner2_lite import GLiNER2
try:
    model = GLiNER2.from_pretrained(sys.argv[1], variant=sys.argv[2] or None, verify=sys.argv[3])
except Exception as error:
    print(type(error).__name__, error)
else:
    print("loaded", model.variant, sorted(model.extract_entities("Ann met Bob.", ["person"])))
"""


def load(
    endpoint: str,
    cache: Path,
    repo: str = "org/small",
    *,
    variant: str = "",
    verify: str = "size",
    **environment: str,
) -> str:
    """What a fresh process prints; the client reads its endpoint when it is imported."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    known |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, repo, variant, verify],
        env=known,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_repository_is_downloaded_once_and_then_works_offline(small_bundle: Path, tmp_path: Path) -> None:
    with serve({"org/small": small_bundle}) as (endpoint, requests):
        assert load(endpoint, tmp_path) == "loaded fp32 ['entities']"
        fetched = {request.rpartition("/")[2] for request in requests if request.startswith("GET /org")}
        assert {"gliner2_lite.json", "heads.npz", "tokenizer.json", "model.onnx"} <= fetched
        assert "README.md" not in fetched
    assert load(endpoint, tmp_path) == "loaded fp32 ['entities']"
    assert load(endpoint, tmp_path, HF_HUB_OFFLINE="1") == "loaded fp32 ['entities']"


def test_failures_name_the_repository_and_what_to_do(small_bundle: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text("{}")
    with serve({"org/small": small_bundle, "org/original": checkpoint}) as (endpoint, _):
        assert load(endpoint, tmp_path / "a", "org/nothing").startswith("HubError org/nothing")
        missing = load(endpoint, tmp_path / "b", "org/original")
        assert missing.startswith("BundleNotFoundError org/original has no gliner2_lite.json")
        assert "gliner2-lite export" in missing
        wrong = load(endpoint, tmp_path / "c", variant="int8")
        assert wrong.startswith("InputError") and "'int8'; write one of: 'fp32'" in wrong
    with serve({"org/small": small_bundle}, token="secret") as (endpoint, _):
        assert load(endpoint, tmp_path / "d").startswith("HubError org/small")
        assert load(endpoint, tmp_path / "d", HF_TOKEN="secret") == "loaded fp32 ['entities']"
    unreachable = load(endpoint, tmp_path / "e")
    assert unreachable.startswith("HubError org/small is not in the cache")


def test_a_damaged_download_is_found_by_its_hash(small_bundle: Path, tmp_path: Path) -> None:
    with serve({"org/small": small_bundle}) as (endpoint, _):
        load(endpoint, tmp_path)
    blob = max((tmp_path / "hub").rglob("blobs/*"), key=lambda path: path.stat().st_size)
    data = blob.read_bytes()
    blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "was altered: its SHA-256" in load(endpoint, tmp_path, verify="hash", HF_HUB_OFFLINE="1")


@pytest.mark.parametrize("name", ["no-such-directory", "a/b/c", "../elsewhere"])
def test_names_that_are_neither_directory_nor_repository(name: str, tmp_path: Path) -> None:
    assert load("http://127.0.0.1:9", tmp_path, name).startswith(f"BundleNotFoundError '{name}' is neither")
