"""The names after --input: formats by name, folders in order, and files that are no text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import InputError
from gliner2_lite.cli.sources import AUTO, CSV, JSONL, LINES, TEXT, Source, check_start, plan_sources


def plan(*names: str, format: str = AUTO, **options: Any) -> list[Source]:
    return plan_sources(names, format=format, **({"has_fields": False, "delimiter": None} | options))


@pytest.mark.parametrize(("name", "format", "delimiter"), [
    ("a.jsonl", JSONL, ","), ("a.NDJSON", JSONL, ","), ("a.csv", CSV, ","), ("a.tsv", CSV, "\t"),
    ("a.txt", LINES, ","), ("a", LINES, ","),
])  # fmt: skip
def test_a_files_name_says_its_format(name: str, format: str, delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("text")
    assert plan(str(path)) == [Source(str(path), format, delimiter, 4)]
    assert plan(str(path), format=TEXT, delimiter=";") == [Source(str(path), TEXT, ";", 4)]


def test_standard_input_is_lines_or_records_with_fields() -> None:
    assert plan("-") == [Source("-", LINES)]
    assert plan("-", has_fields=True) == [Source("-", JSONL)]
    assert plan("-", format=CSV, delimiter=";") == [Source("-", CSV, ";")]
    with pytest.raises(InputError, match="standard input can be read once"):
        plan("-", "-")


def test_a_folder_has_its_files_by_path(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/y.TXT", "c.csv", "d.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.txt").mkdir()
    names = [Path(source.name).relative_to(tmp_path).as_posix() for source in plan(str(tmp_path))]
    assert names == ["a/y.TXT", "a/z.txt", "b.txt"]
    assert [source.format for source in plan(str(tmp_path))] == [TEXT] * 3
    [table] = plan(str(tmp_path), format=CSV)
    assert (Path(table.name).name, table.size) == ("c.csv", 1)
    with pytest.raises(InputError, match=r"holds no file that ends in .jsonl or .ndjson"):
        plan(str(tmp_path), format=JSONL)


@pytest.mark.parametrize(("start", "what"), [
    (b"\xff\xfeA\0", "UTF-16"), (b"\xfe\xff\0A", "UTF-16"), (b"a\0b", "UTF-16 or binary"),
    (b"\x1f\x8b\x08", "compressed: unpack it"),
])  # fmt: skip
def test_what_is_no_text_is_told_before_it_is_read(start: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"name .*{what}"):
        check_start(start, "name")
    (tmp_path / "x.csv").write_bytes(start)
    with pytest.raises(InputError, match=what):
        plan(str(tmp_path / "x.csv"))
    assert len(plan(str(tmp_path / "x.csv"), format=TEXT)) == 1  # the error stands in the record of this file
    check_start(b"\xef\xbb\xbfa", "name")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--input .*nothing cannot be read \(No such file"):
        plan(str(tmp_path / "nothing"))
