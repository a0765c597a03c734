"""Options that exclude each other, paths that leave a repository, and what a repository id is."""

from __future__ import annotations

import pytest

from gliner2_lite import InputError
from gliner2_lite.hub.options import HubOptions, check_options, is_repo_id


@pytest.mark.parametrize("subfolder", [None, "onnx", "a/b", "a/./b"])
def test_a_subfolder_is_a_path_inside_the_repository(subfolder: str | None) -> None:
    check_options(HubOptions(subfolder=subfolder, force_download=True))


@pytest.mark.parametrize("subfolder", ["", ".", "/etc", "../up", "a/../../b", "a\\b"])
def test_other_subfolders_are_refused(subfolder: str) -> None:
    with pytest.raises(InputError, match="subfolder must be a path inside the repository"):
        check_options(HubOptions(subfolder=subfolder))


def test_to_download_again_and_never_to_ask_exclude_each_other() -> None:
    check_options(HubOptions(local_files_only=True))
    with pytest.raises(InputError, match=r"force_download=True needs the Hub.*give one"):
        check_options(HubOptions(force_download=True, local_files_only=True))


@pytest.mark.parametrize("name", ["org/name", "a/b", "fastino/gliner2-base-v1", "0x/y_z.w"])
def test_repository_ids(name: str) -> None:
    assert is_repo_id(name)


@pytest.mark.parametrize("name", ["name", "a/b/c", "../b", "a/", "/b", ".a/b", "a /b", "a/b\n", ""])
def test_names_that_are_no_repository_ids(name: str) -> None:
    assert not is_repo_id(name)
