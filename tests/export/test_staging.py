"""Where a bundle may be written: what is in the way is named before any work, and nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliner2_export.staging import check_destination, staged_directory
from gliner2_lite.errors import ExportError


@pytest.mark.parametrize("below", ["b", "b/c/d"])
def test_a_file_on_the_way_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match=r"cannot be made, because .*file is not a directory; choose"):
        check_destination(tmp_path / "file" / below, overwrite=True)
    with (
        pytest.raises(ExportError, match="cannot be written .*parents are directories"),
        staged_directory(tmp_path / "file" / below),
    ):
        raise AssertionError("there is no such place")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_link_to_nowhere_on_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(ExportError, match="because .*link is not a directory"):
        check_destination(tmp_path / "link" / "bundle", overwrite=False)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", f"{'x' * 300}/b"])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        check_destination(tmp_path / name, overwrite=False)


def test_a_bundle_goes_into_directories_that_are_made(tmp_path: Path) -> None:
    out = tmp_path / "new" / "deep" / "bundle"
    check_destination(out, overwrite=False)
    with staged_directory(out) as place:
        (place / "file").write_text("content")
    assert (out / "file").read_text() == "content"
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]
