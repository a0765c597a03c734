"""Control groups of both versions: the innermost group and those above it, and files that say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliner2_lite.machine import control_groups
from gliner2_lite.machine.control_groups import group_folders, read_field, read_number, read_words
from gliner2_lite.machine.processors import usable_cpus
from tests.machine.files import write


@pytest.mark.parametrize(
    ("membership", "folder"),
    [
        ("0::/a.slice/b.service\n", "a.slice/b.service"),
        ("0::/a.slice/b.service\n", "a.slice"),
        ("5:name=x:/\n3:cpu,cpuacct:/docker/1\n0::/\n", "cpu/docker/1"),
        ("3:cpu,cpuacct:/docker/not-in-here\n", "cpu"),
        ("0::/../outside\nrubbish\n", "."),
    ],
)
def test_the_own_control_group_and_those_above_it_count(groups: Path, membership: str, folder: str) -> None:
    write(control_groups.MEMBERSHIP, membership)
    write(groups / "other" / "cpu.max", "100000 100000")
    if folder.startswith("cpu"):
        write(groups / folder / "cpu.cfs_quota_us", "200000")
        write(groups / folder / "cpu.cfs_period_us", "100000")
    else:
        write(groups / folder / "cpu.max", "200000 100000")
    assert usable_cpus() == 2


def test_folders_go_from_the_innermost_group_outwards(groups: Path) -> None:
    write(control_groups.MEMBERSHIP, "0::/a/b\n4:memory:/c\n5:cpuset:/d\n")
    folders = [folder.relative_to(groups).as_posix() for folder in group_folders("memory")]
    assert folders == [".", "memory", "a/b", "a", "memory/c"]


@pytest.mark.parametrize(
    ("content", "words", "number", "field"),
    [
        ("12\n", ["12"], 12, 0),
        ("max\n", ["max"], None, 0),
        ("", [], None, 0),
        ("kB 3 other 4 kB", ["kB", "3", "other", "4", "kB"], None, 3),
        ("kB x", ["kB", "x"], None, 0),
        ("-1", ["-1"], None, 0),
        ("\u00e9", [], None, 0),
    ],
)
def test_files_that_say_nothing_count_as_nothing(
    tmp_path: Path, content: str, words: list[str], number: int | None, field: int
) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    assert (read_words(path), read_number(path), read_field(path, "kB")) == (words, number, field)
    missing = tmp_path / "missing"
    assert (read_words(missing), read_number(missing), read_field(missing, "kB")) == ([], None, 0)
