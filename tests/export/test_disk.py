"""A disk that fills or may not be written, at any step of an export: an error names it, and nothing stays."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gliner2_export.export import export_checkpoint
from gliner2_export.staging import staged_directory
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import ExportError
from tests.hub.processes import PLAIN_USER

# In forks of one process that has imported torch: the real steps run, and from the named one on no file may
# grow past so many bytes. The kernel then fails the write, as it does when a disk is full. Or it is killed.
PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from gliner2_export import export as bundle
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import ExportError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
checkpoint, out = map(Path, sys.argv[1:3])
for case in sys.argv[3:]:
    step, room = case.split(":")
    if not os.fork():
        original = getattr(bundle, step)
        def full(*given, **options):
            if room == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), resource.RLIM_INFINITY))
            return original(*given, **options)
        if step in ("optimize", "write_json"):  # without the long part before them
            bundle.write_and_measure = lambda *given: {"held_out": {"texts": 0, "comparisons": {}}}
        setattr(bundle, step, full)
        variants = ["fp32", "int8"] if step == "write_and_measure" else ["fp32"]
        try:
            bundle.export_checkpoint(checkpoint, out / "deep" / "bundle", variants=variants)
            told = "written"
        except ExportError as error:
            told = f"{type(error).__name__}: {error}"
        except BaseException as error:
            told = repr(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(case, told, sorted(path.name for path in out.iterdir()), sep="|", flush=True)
        os._exit(0)
    if os.wait()[1] == signal.SIGKILL:
        print(case, "killed", [path.name for path in out.rglob("bundle")], sep="|", flush=True)
"""
CASES = [
    "write_heads:0", "write_heads:20000", "write_compact:100000", "convert:0", "convert:60000",
    "write_and_measure:0", "write_and_measure:60000", "optimize:0", "optimize:60000", "write_json:1000",
]  # fmt: skip


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of processes as Linux has them")


def run(checkpoint: Path, out: Path, cases: list[str]) -> dict[str, str]:
    """How each case ended, and what then lay in ``out``."""
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(checkpoint), str(out), *cases],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(line.split("|", 1) for line in done.stdout.splitlines() if "|" in line)


@LINUX
def test_a_disk_that_fills_at_any_step(bert_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = run(bert_checkpoint, out, CASES)
    why = os.strerror(errno.EFBIG)
    expected = (
        f"ExportError: {out / 'deep' / 'bundle'} cannot be written ({why}), so there is no bundle; allow "
        "larger files there, or choose another output directory|[]"
    )
    assert told == dict.fromkeys(CASES, expected)


@LINUX
def test_a_killed_export_is_no_bundle_and_the_next_one_is(bert_checkpoint: Path, tmp_path: Path) -> None:
    cases = ["write_heads:kill", "convert:kill", "optimize:kill", "write_json:kill"]
    told = run(bert_checkpoint, tmp_path / "out", cases)
    assert told == dict.fromkeys(cases, "killed|[]"), "what was being made has another name"
    place = tmp_path / "out" / "deep"
    remains = sorted(path.name for path in place.iterdir())
    assert len(remains) == 4 and all(name.startswith(".bundle.") for name in remains)
    export_checkpoint(bert_checkpoint, place / "bundle", variants=["fp32"])
    bundle = read_bundle(place / "bundle")
    verify_files(bundle, bundle.choose(None), hashes=True)


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "free some space there"), (errno.EDQUOT, "free some of the quota")]
)
def test_what_a_full_disk_or_quota_is_told(number: int, remedy: str, tmp_path: Path) -> None:
    told = pytest.raises(ExportError, match=f"out cannot be written .*{remedy}, or choose another")
    with told, staged_directory(tmp_path / "out"):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_errors_of_other_files_are_not_the_output_directorys(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="model.safetensors"), staged_directory(tmp_path / "out"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "model.safetensors"))
    with pytest.raises(ConnectionResetError), staged_directory(tmp_path / "out"):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    assert list(tmp_path.iterdir()) == []


@LINUX
def test_a_place_that_may_not_be_written(bert_checkpoint: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    arguments = ["-m", "gliner2_lite", "export", str(bert_checkpoint), str(locked / "a" / "bundle")]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_USER, *arguments], capture_output=True, text=True, timeout=300
    )
    locked.chmod(0o755)
    assert (done.returncode, done.stdout, list(locked.iterdir())) == (1, "", [])
    *_, last = done.stderr.splitlines()
    assert f"{locked / 'a' / 'bundle'} cannot be written (Permission denied)" in last
    assert "Traceback" not in done.stderr


def test_a_bundle_stays_where_its_successor_finds_no_room(
    bert_checkpoint: Path, bert_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = {path: path.stat().st_mtime_ns for path in bert_bundle.rglob("*")}
    monkeypatch.setattr("gliner2_export.export.write_heads", full)
    with pytest.raises(ExportError, match="cannot be written"):
        export_checkpoint(bert_checkpoint, bert_bundle, overwrite=True)
    assert {path: path.stat().st_mtime_ns for path in bert_bundle.rglob("*")} == before
    assert [path.name for path in bert_bundle.parent.iterdir()] == [bert_bundle.name]
