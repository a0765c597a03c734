"""Bombs for the command line: a line of 50 MB, deep JSON, endless schema files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MEGABYTE = 1 << 20


def extract(*arguments: str, data: bytes = b"", memory_mb: int = 2_500) -> subprocess.CompletedProcess[bytes]:
    """``gliner2-lite extract`` with bounded address space."""
    code = (
        "import resource, sys; "
        f"resource.setrlimit(resource.RLIMIT_AS, ({memory_mb << 20}, {memory_mb << 20})); "
        "from gliner2_lite.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "extract", *arguments], input=data, capture_output=True, timeout=120
    )


def test_a_line_of_fifty_megabytes(small_bundle: Path) -> None:
    """The lines around it are answered, and it has an error in its place."""
    data = b"Ada met Bob.\n" + b". " * (25 * MEGABYTE) + b"\nEve.\n"
    done = extract("--model", str(small_bundle), "--entities", "a", "--input", "-", data=data)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 3, done.stderr[-500:]
    assert "entities" in lines[0] and "entities" in lines[2]
    assert "2,000,000 words" in lines[1]["error"]["message"]


def test_a_line_of_seventy_megabytes_and_deep_json(small_bundle: Path) -> None:
    data = b"\n".join(
        [
            b'{"text": "' + b"x" * (70 * MEGABYTE) + b'"}',
            b"[" * MEGABYTE,
            b'{"text": ' + b"9" * 10_000 + b"}",
            b'{"text": "Ada."}',
        ]
    )
    done = extract(
        "--model", str(small_bundle), "--entities", "a", "--input", "-", "--input-format", "jsonl", data=data
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in line for line in lines] == [True, True, True, False], done.stderr[-500:]
    assert "longer than 67,108,864 bytes" in lines[0]["error"]["message"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without end")
def test_a_schema_file_without_end() -> None:
    done = extract("Ada.", "--schema", "/dev/zero")
    assert done.returncode == 2
    assert b"/dev/zero has more than" in done.stderr


def test_a_schema_file_of_many_labels(tmp_path: Path, small_bundle: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"entities": [f"label {n}" for n in range(10_000)]}))
    done = extract("Ada.", "--model", str(small_bundle), "--schema", str(path))
    assert done.returncode == 2
    assert b"10,000 labels, at most 5,000" in done.stderr
