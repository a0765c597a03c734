"""A name is an embedded model, a directory or a repository id; in this order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError, BundleNotFoundError, InputTypeError
from gliner2_lite.hub import fetch
from gliner2_lite.hub.options import HubOptions
from gliner2_lite.load.locate import EMBEDDED, locate


def test_an_embedded_model_has_its_directory_here() -> None:
    assert locate("tiny", None, HubOptions()) == EMBEDDED["tiny"]
    assert (EMBEDDED["tiny"] / "gliner2_lite.json").is_file()


def test_no_directory_hides_an_embedded_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fills the working directory does not choose the model of a program that runs there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()
    assert locate("tiny", None, HubOptions()) == EMBEDDED["tiny"]
    for written in ("./tiny", "tiny/", Path("tiny"), tmp_path / "tiny"):
        # What it is called in messages and commands is the folder too.
        assert locate(written, None, HubOptions()) == tmp_path / "tiny"
    assert locate(tmp_path, None, HubOptions()) == tmp_path


def test_a_path_is_never_an_embedded_model() -> None:
    with pytest.raises(BundleNotFoundError, match="is neither an existing directory"):
        locate(Path("tiny"), None, HubOptions())


@pytest.mark.parametrize("name", ["no-such-directory", "a/b/c", "../elsewhere", "a\0b", Path("tiny/x")])
def test_names_that_are_neither_directory_nor_repository(name: str | Path) -> None:
    with pytest.raises(BundleNotFoundError, match="is neither an existing directory, nor an embedded"):
        locate(name, None, HubOptions())


def test_a_long_name_is_cut_in_the_message() -> None:
    with pytest.raises(BundleNotFoundError) as error:
        locate("x" * 100_000, None, HubOptions())
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("name", [None, 3, b"tiny", ["tiny"]])
def test_a_model_is_named_by_a_string_or_a_path(name: Any) -> None:
    with pytest.raises(InputTypeError, match="named by a string or a path"):
        locate(name, None, HubOptions())


def test_a_repository_id_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(repo_id: str, **options: object) -> Path:
        asked.append((repo_id, options))
        return tmp_path

    monkeypatch.setattr(fetch, "download_bundle", download)
    hub = HubOptions(revision="v1")
    assert locate("org/name", "int8", hub, only=("a",)) == tmp_path
    assert asked == [("org/name", {"variant": "int8", "options": hub, "only": ("a",)})]
    (tmp_path / "org" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert locate("org/name", None, hub) == Path("org/name") and len(asked) == 1


def test_a_place_that_may_not_be_searched_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(BundleError, match="some/where may not be read"):
        locate("some/where", None, HubOptions())
    assert locate("tiny", None, HubOptions()) == EMBEDDED["tiny"]
