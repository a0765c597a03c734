"""What the command line reads: formats, places of errors, one answer per text in the input's order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite.cli import main

CITY = ["--entities", "city"]
OSLO = "Lars moved to Oslo."


def run(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[Any], str]:
    """Exit code, the JSON values on stdout, stderr."""
    capsys.readouterr()
    code = main(["extract", *argv, *CITY])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def cities(answer: Any) -> list[str]:
    return answer["entities"].get("city", [])


def test_jsonl_keeps_keys_and_places_of_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mails.jsonl"
    lines = [
        '\ufeff{"id": 7, "body": "Lars moved to Oslo.", "tags": ["a", null], "n": 1.5}',
        "",
        '{"id": 8, "body": ',
        '{"id": 9, "text": "x"}',
        '{"id": 10, "body": 3}',
        '["body"]',
        '{"id": 11, "body": "a\\ud800b"}',
        '{"id": 12, "body": "x", "n": NaN}',
        '{"id": 13, "body": "Siemens is in Madrid.", "result": 1}',
        '{"body": "no id"}',
        '{"id": 14, "body": "Siemens is in Madrid."}\r',
    ]
    path.write_bytes("\n".join(lines).encode())
    code, out, err = run(["--input", str(path), "--text-field", "body", "--id-field", "id"], capsys)
    assert code == 1
    assert [item.get("id") for item in out] == [7, None, 9, 10, None, 11, None, 13, None, 14]
    first, last = out[0], out[-1]
    assert list(first) == ["id", "body", "tags", "n", "result"]
    assert (first["tags"], first["n"], cities(first["result"])) == (["a", None], 1.5, ["Oslo"])
    assert cities(last["result"]) == ["Madrid"]
    errors = {item["error"]["line"]: item["error"] for item in out if "error" in item}
    assert list(errors) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert {error["file"] for error in errors.values()} == {str(path)}
    wanted = {3: "JSON at column", 4: "'body'", 5: "a number", 6: "a list", 7: "surrogate", 8: "NaN"}
    wanted |= {9: "--result-field", 10: "'id'"}
    for line, part in wanted.items():
        assert part in errors[line]["message"]
    assert (
        err.startswith("gliner2-lite: error: 8 of 10 texts could not be read; the first:") and "line 3" in err
    )


def test_strict_stops_at_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    good = json.dumps({"text": OSLO})
    path.write_text(f"{good}\n{good}\nbad\n{good}\n", encoding="utf-8")
    code, out, err = run(["--input", str(path), "--strict"], capsys)
    assert (code, len(out)) == (1, 2)
    assert f"{path}, line 3: not valid JSON" in err


def test_too_long_for_the_model_is_an_error_in_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"{OSLO}\n{'word ' * 600}\n{OSLO}\n", encoding="utf-8")
    code, out, _ = run(["--input", str(path)], capsys)
    assert (code, len(out)) == (1, 3)
    assert "tokens" in out[1]["error"]["message"] and out[1]["error"]["line"] == 2
    assert cities(out[0]) == cities(out[2]) == ["Oslo"]
    code, out, err = run(["--input", str(path), "--long"], capsys)
    assert (code, err, len(out)) == (0, "", 3)


def test_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    rows = [
        "\ufeffid,review,stars",
        '1,"Lars, the ""new"" one,\r\nmoved to Oslo.",5',
        "2,too,many,fields",
        "",
        '3,"Siemens is in Madrid.",4',
    ]
    path.write_bytes("\r\n".join(rows).encode() + b'\r\n4,\xff,1\r\n5,"open')
    code, out, _ = run(["--input", str(path), "--text-field", "review"], capsys)
    assert code == 1
    assert out[0]["review"] == 'Lars, the "new" one,\r\nmoved to Oslo.'
    assert cities(out[0]["result"]) == ["Oslo"]
    assert out[0]["stars"] == "5"
    assert [item["error"]["line"] if "error" in item else item["id"] for item in out] == ["1", 4, "3", 7, 8]
    assert "4 fields" in out[1]["error"]["message"]


def test_tsv_and_delimiter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.tsv").write_text(f"text\tn\n{OSLO}\t1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"text;n\n{OSLO};1\n", encoding="utf-8")
    assert run(["--input", str(tmp_path / "a.tsv")], capsys)[1][0]["n"] == "1"
    assert run(["--input", str(tmp_path / "b.csv"), "--delimiter", ";"], capsys)[1][0]["n"] == "1"


def test_csv_header_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n" * 3, encoding="utf-8")
    code, out, err = run(["--input", str(path)], capsys)
    assert (code, out, len(err.splitlines())) == (1, [], 1)
    assert "'text'" in err and "'a', 'b'" in err


def test_folder_is_one_text_per_file_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "b.txt": f"First.\n{OSLO}",
        "a/z.txt": "Siemens is in Madrid.",
        "a/b.md": "not read",
        "c.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "d.txt").write_bytes("Oslo".encode("utf-16"))
    code, out, _ = run(["--input", str(tmp_path)], capsys)
    assert code == 1
    assert [Path(item["file"]).name for item in out] == ["z.txt", "b.txt", "c.txt", "d.txt"]
    assert cities(out[1]["result"]) == ["Oslo"]
    assert "UTF-16" in out[3]["error"]["message"] and out[3]["error"]["line"] is None


def test_several_inputs_and_whole_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "1.txt", tmp_path / "2.jsonl"
    one.write_text(f"{OSLO}\n\n", encoding="utf-8")
    two.write_text(json.dumps({"text": OSLO}), encoding="utf-8")
    code, out, _ = run(["--input", str(one), str(two), "--input", str(one)], capsys)
    assert (code, [list(item) for item in out]) == (
        0,
        [["entities"], ["entities"], ["text", "result"], ["entities"], ["entities"]],
    )
    code, out, _ = run(["--input", str(one), "--input-format", "text"], capsys)
    assert [item["file"] for item in out] == [str(one)]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("Oslo\n".encode("utf-16"), "UTF-16"),
        ("Oslo\n".encode("utf-16-le"), "UTF-16"),
        (b"\x1f\x8b\x08", "zcat"),
    ],
)
def test_what_is_no_utf8_at_all_is_told_once(
    content: bytes, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content * 50)
    code, out, err = run(["--input", str(path), "--model", "no/such/bundle"], capsys)
    assert (code, out, len(err.splitlines())) == (1, [], 1)
    assert wanted in err and str(path) in err
