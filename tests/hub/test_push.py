"""Pushing a bundle: the command line against a server on loopback."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gliner2_lite import InputError
from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.hub.push import card_for, check_push
from tests.hub.processes import LOADED, command, files_in, listing, load
from tests.hub_server import serve


def push(endpoint: str, home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    return command(endpoint, home, "push", *arguments, **more)


def test_a_pushed_bundle_can_be_loaded(bundle: Path, tmp_path: Path) -> None:
    manifest = json.loads((bundle / "gliner2_lite.json").read_text())
    (bundle / "README.md").write_text('from_pretrained("path/to/this/directory")')
    manifest["files"]["README.md"] = {"size": 41, "sha256": file_sha256(bundle / "README.md")}
    (bundle / "gliner2_lite.json").write_text(json.dumps(manifest))
    (bundle / "secret.txt").write_text("not named by the manifest")
    before = listing(bundle)
    with serve(token="secret") as hub:
        options = ("--private", "--revision", "next", "--commit-message", "First")
        code, out, err = push(
            hub.endpoint, tmp_path / "h", str(bundle), "org/new", *options, HF_TOKEN="secret"
        )
        assert (code, out) == (0, f"{hub.endpoint}/org/new/commit/{'0123456789abcdef' * 2}01234567\n"), err
        asked = hub.created[0]
        # The client says it either way, by version.
        assert asked.get("private", asked.get("visibility") == "private") is True and asked["name"] == "new"
        assert hub.branches == ["next"]
        assert (hub.commits[0]["summary"], hub.commits[0]["branch"]) == ("First", "next")
        pushed = hub.repos["org/new"]
        assert files_in(pushed) == {"gliner2_lite.json", *manifest["files"]}
        assert (pushed / "README.md").read_bytes() == b'from_pretrained("org/new")'
        assert listing(bundle) == before
        recorded = json.loads((pushed / "gliner2_lite.json").read_bytes())["files"]
        assert {n: file_sha256(pushed / n) for n in recorded} == {n: r["sha256"] for n, r in recorded.items()}
        asked_for = {"revision": "next"}
        loaded = load(hub.endpoint, tmp_path / "cache", "org/new", options=asked_for, HF_TOKEN="secret")
        assert loaded == LOADED


def test_a_second_push_takes_away_what_only_the_older_bundle_had(
    two_variants: Path, small_bundle: Path, tmp_path: Path
) -> None:
    home = tmp_path / "h"
    with serve(token="secret") as hub:
        assert push(hub.endpoint, home, str(two_variants), "org/new", HF_TOKEN="secret")[0] == 0
        pushed = hub.repos["org/new"]
        assert "onnx/model_int8.onnx" in files_in(pushed)
        (pushed / "LICENSE").write_text("of somebody's own")
        code, _, err = push(hub.endpoint, home, str(small_bundle), "org/new", HF_TOKEN="secret")
        assert code == 0, err
        manifest = json.loads((small_bundle / "gliner2_lite.json").read_text())
        assert files_in(pushed) == {"gliner2_lite.json", "LICENSE", *manifest["files"]}
        assert len(hub.commits) == 2  # one each
        (pushed / "gliner2_lite.json").write_text("[]")  # no manifest: nothing can be said of older files
        code, _, err = push(hub.endpoint, home, str(small_bundle), "org/new", HF_TOKEN="secret")
        assert code == 0 and "cannot be read" in err
        assert load(hub.endpoint, tmp_path / "cache", "org/new", HF_TOKEN="secret") == LOADED


def test_nothing_is_pushed_that_is_not_whole_or_not_allowed(bundle: Path, tmp_path: Path) -> None:
    home = tmp_path / "h"
    with serve(token="secret") as hub:
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new")
        assert code == 1 and "set HF_TOKEN" in err and hub.requests == []
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new", HF_TOKEN="wrong")
        assert code == 1 and "HF_TOKEN" in err and "token" in err
        code, _, err = push(hub.endpoint, home, str(bundle), "new", HF_TOKEN="secret")
        assert code == 1 and "write org/name" in err
        hub.fail = lambda method, path: 403 if path == "/api/repos/create" else None
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new", HF_TOKEN="secret")
        assert code == 1 and "does not have this permission" in err
        hub.requests.clear()
        (bundle / "heads.npz").write_bytes(b"x")
        code, _, err = push(hub.endpoint, home, str(bundle), "org/new", HF_TOKEN="secret")
        assert code == 1 and "heads.npz" in err and hub.requests == []
        assert hub.created == [] and hub.commits == []


def test_the_card_names_the_repository_and_the_manifest_has_its_record(tmp_path: Path) -> None:
    manifest = {"files": {"README.md": {"size": 1, "sha256": "0"}, "other": {"size": 2, "sha256": "1"}}}
    assert card_for("org/new", tmp_path, manifest) == {}  # named and not there: verified elsewhere
    (tmp_path / "README.md").write_text("load path/to/this/directory twice: path/to/this/directory")
    uploaded = card_for("org/new", tmp_path, manifest)
    assert uploaded["README.md"] == b"load org/new twice: org/new"
    files = json.loads(uploaded["gliner2_lite.json"])["files"]
    digest = hashlib.sha256(uploaded["README.md"]).hexdigest()
    assert files == {"README.md": {"size": 27, "sha256": digest}, "other": {"size": 2, "sha256": "1"}}
    assert manifest["files"]["README.md"]["size"] == 1  # the caller's stays
    assert card_for("org/new", tmp_path, {"files": {}}) == {}


def test_a_push_needs_a_repository_id_before_a_token() -> None:
    with pytest.raises(InputError, match=r"'name' is not a repository id; write org/name"):
        check_push("name")
