"""Where results go: whole lines, a file all at once or not at all, and the shape of a line."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import InputError
from gliner2_lite.cli.output import Output, json_line, open_output
from gliner2_lite.cli.records import Layout, Record
from gliner2_lite.cli.stopping import StopSignals
from tests.cli.test_records import OSLO, cities, run


def test_output_file_appears_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "x.jsonl", tmp_path / "out.jsonl"
    good = json.dumps({"text": OSLO})
    source.write_text(f"{good}\n" * 3, encoding="utf-8")
    target.write_text("old\n", encoding="utf-8")
    assert run(["--input", str(source), "--output", str(target)], capsys) == (0, [], "")
    assert [cities(json.loads(line)["result"]) for line in target.read_text().splitlines()] == [["Oslo"]] * 3
    before = target.read_text()
    source.write_text(f"{good}\nbad\n", encoding="utf-8")
    code, _, err = run(["--input", str(source), "--output", str(target), "--strict"], capsys)
    assert (code, target.read_text()) == (1, before)
    part = tmp_path / "out.jsonl.part"
    assert str(part) in err and len(part.read_text().splitlines()) == 1
    code, _, err = run(["--input", str(source), "--output", str(tmp_path / "no" / "x")], capsys)
    assert code == 1 and "--output" in err


def test_lines_are_written_at_once_and_counted() -> None:
    file = io.BytesIO()
    output = Output(file, StopSignals())
    output.write("a\n")
    output.write("\u00e9\ud800\n")  # a lone surrogate becomes its escape
    assert file.getvalue() == b"a\n\xc3\xa9\\ud800\n" and output.size == len(file.getvalue())


def test_a_run_that_is_cut_short_leaves_its_whole_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, part = tmp_path / "out", tmp_path / "out.part"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), open_output(str(target), StopSignals()) as output:
        output.write("one\n")
        output._file.write(b"half a li")
        raise KeyboardInterrupt
    assert (target.read_text(), part.read_text()) == ("old", "one\n")
    assert str(part) in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt), open_output(str(target), StopSignals()):
        raise KeyboardInterrupt
    assert not part.exists(), "nothing was finished"


def test_through_a_link_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with open_output(str(tmp_path / "link"), StopSignals()) as output:
        output.write("new\n")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new\n"
    with open_output(os.devnull, StopSignals()) as output:
        output.write("gone\n")
    assert not Path(os.devnull).is_file()


def test_a_place_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    wanted = re.escape(f"--output {tmp_path / 'no' / 'x'} cannot be written (No such file or directory)")
    with pytest.raises(InputError, match=wanted), open_output(str(tmp_path / "no" / "x"), StopSignals()):
        pass
    with pytest.raises(InputError, match="^ours$"), open_output(str(tmp_path / "x"), StopSignals()):
        raise InputError("ours")


KEYED = {"id": 7, "text": "t"}


@pytest.mark.parametrize(("record", "answer", "layout", "line"), [
    (Record("f", 1, text="t"), {"e": []}, Layout(), {"e": []}),
    (Record("f", 1, keys=KEYED), {"e": []}, Layout(), {"id": 7, "text": "t", "result": {"e": []}}),
    (Record("f", 1, keys=KEYED), {"e": 1}, Layout(result_field="text"), {"id": 7, "text": {"e": 1}}),
    (Record("f", 2), "why", Layout(), {"error": {"line": 2, "file": "f", "message": "why"}}),
    (Record("f", 2, keys=KEYED), "why", Layout(),
     {"id": 7, "error": {"line": 2, "file": "f", "message": "why"}}),
    (Record("f", 2, keys={"no": 1}), "why", Layout(id_field="no"),
     {"no": 1, "error": {"line": 2, "file": "f", "message": "why"}}),
    (Record("f", None, keys={"file": "f"}), "why", Layout(),
     {"file": "f", "error": {"line": None, "file": "f", "message": "why"}}),
])  # fmt: skip
def test_a_line_holds_the_records_keys_and_its_answer(
    record: Record, answer: Any, layout: Layout, line: dict[str, Any]
) -> None:
    written = json_line(record, answer, layout)
    assert written.endswith("\n") and written.count("\n") == 1
    assert json.loads(written) == line and list(json.loads(written)) == list(line)


def test_letters_stay_letters() -> None:
    assert json_line(Record("f", 1), {"\u00e9": "\u6771"}, Layout()) == '{"\u00e9": "\u6771"}\n'
