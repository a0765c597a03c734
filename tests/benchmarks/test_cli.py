"""The command line: every command on it, and arguments that are refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import cli
from tests.benchmarks.conftest import ROOT, TINY


def test_every_command_stands_in_a_module_of_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    modules = {path.stem for path in (ROOT / "benchmarks" / "commands").glob("*.py")} - {"__init__"}
    assert {command.__name__.rpartition(".")[2] for command in cli.COMMANDS} == modules
    for module in modules:
        with pytest.raises(SystemExit) as end:
            cli.main([module.replace("_", "-"), "--help"])
        assert end.value.code == 0
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    listed = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in listed if line[:4] == "    " and line[4:5].strip()} >= {
        module.replace("_", "-") for module in modules
    }


def test_no_two_modules_have_the_same_name() -> None:
    stems = Counter(path.stem for path in (ROOT / "benchmarks").rglob("*.py") if path.stem != "__init__")
    assert [stem for stem, times in stems.items() if times > 1] == []


def test_an_interrupted_run_says_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for command, kept in ((cli.resources, "finished parts are kept"), (cli.latency, "nothing was written")):
        monkeypatch.setattr(command, "make_settings", interrupted)
        name = command.__name__.rpartition(".")[2]
        assert cli.main([name, "--bundle", str(TINY)]) == 130
        assert kept in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["latency"], "give --checkpoint DIR, --bundle DIR or both"),
        (["latency", "--bundle", "no-such-directory"], "no-such-directory is not a directory"),
        (["latency", "--bundle", str(TINY), "--contestants", "int9"], "give some of int8, fp32"),
        (["latency", "--bundle", str(TINY), "--contestants", "gliner2"], "made from --checkpoint"),
        (["latency", "--bundle", str(TINY), "--schemas", "entities-5"], "give some of entities-4"),
        (["throughput", "--bundle", str(TINY), "--threads", "4096"], "--threads 4096"),
    ],
)
def test_bad_arguments_are_named_before_anything_runs(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["accuracy", "--bundle", str(TINY), "--data", "no-such"], "--data no-such is not a directory"),
        (["footprint", "--slim-python", "no-such-python"], "no-such-python is not a file"),
        (["small-device", "--bundle", "no-such-bundle"], "no-such-bundle is not a directory"),
    ],
)
def test_bad_arguments_are_named(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
