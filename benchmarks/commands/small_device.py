"""``small-device``: one thread and little memory; which bundles load and answer there, and how fast."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import OURS
from benchmarks.limits import ADDRESS_SPACE, NONE, memory_group
from benchmarks.machine import available_cpus
from benchmarks.measuring import progress
from benchmarks.options import add_out_option, add_texts_option, positive
from benchmarks.processes import environment, log_tail, python_code
from benchmarks.results import new_result_without_contestants, write_result
from benchmarks.schemas import ENTITIES_4
from benchmarks.settings import prepare_out
from benchmarks.tables import table
from benchmarks.texts import mixed_texts, read_sentences
from gliner2_lite.bundle.manifest import read_bundle

LENGTHS = (5, 100)  # words
LOAD_OPTIONS = {"threads": 1, "profile": "edge"}
TIMEOUT_SECONDS = 600
FITS, OUT_OF_MEMORY, FAILED = "fits", "out of memory", "failed"
#: How libraries say that an allocation, a mapping or a thread's stack was refused.
SIGNS = (
    "MemoryError", "bad_alloc", "bad allocation", "Cannot allocate memory", "Failed to allocate memory",
    "failed to map segment", "out of memory", "Unable to allocate", "can't start new thread",
    "Resource temporarily unavailable", "std::length_error",
)  # fmt: skip
#: Signals that end a process whose library did not check an allocation.
FATAL = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)


@dataclass(frozen=True)
class Outcome:
    """What became of one process: its lines, exit code, end of its log, kills by the kernel in its group."""

    stages: tuple[dict[str, Any], ...]
    code: int
    log: str
    kills: int = 0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``small-device`` command to ``commands``."""
    parser = commands.add_parser("small-device", help="one thread and little memory: what fits")
    parser.add_argument("--bundle", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument(
        "--limit-mb", type=positive, default=512, metavar="N", help="mebibytes of memory (default: 512)"
    )
    parser.add_argument(
        "--texts", type=positive, default=20, metavar="N", help="texts answered (default: 20)"
    )
    add_out_option(parser)
    add_texts_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run every variant under every limit and print the report."""
    out = prepare_out(options.out)
    result = measure(
        options.bundle,
        limit_mb=options.limit_mb,
        texts=options.texts,
        sentences=read_sentences(options.data),
    )
    print(write_result(result, report(result), out), end="")


def measure(
    bundles: Sequence[Path], *, limit_mb: int, texts: int, sentences: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """Every variant of ``bundles`` without a limit and under each kind of limit that can be set here."""
    cpus = available_cpus()[:1]
    result: dict[str, Any] = {
        **new_result_without_contestants("small-device", cpus=cpus, threads=1),
        "settings": {"limit_mb": limit_mb, "texts": texts, "words": list(LENGTHS), "seed": seed},
        "rows": [],
    }
    asked = mixed_texts(sentences, texts, seed=seed, lengths=LENGTHS)
    models = [(root, name) for root in bundles for name in OURS if name in read_bundle(root).variants]
    with progress(3 * len(models), "small-device") as bar:
        for root, variant in models:
            job = {
                "path": str(root.resolve()), "variant": variant, "cpus": cpus, "texts": asked,
                "labels": ENTITIES_4, "options": LOAD_OPTIONS, "join": None, "address_space": None,
            }  # fmt: skip
            row = {"bundle": root.resolve().name, "variant": variant}
            free = run_limited(job)
            bar.update()
            result["rows"].append({**row, "limit": NONE, **judge(free, limited=False)})
            works = result["rows"][-1]["status"] == FITS
            limited = {**job, "address_space": limit_mb * 2**20}
            result["rows"].append(
                {**row, "limit": ADDRESS_SPACE, **judge(run_limited(limited), limited=works)}
            )
            bar.update()
            result["rows"].append({**row, **_in_group(job, limit_mb, works=works, result=result)})
            bar.update()
    return result


def run_limited(job: dict[str, Any], *, group: Any = None) -> Outcome:
    """Run one process; never raises for what the process does."""
    code = python_code("benchmarks.limited")
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, json.dumps(job)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=environment(1),
                timeout=TIMEOUT_SECONDS,
            )
            output, code_at_end = done.stdout, done.returncode
        except subprocess.TimeoutExpired:
            output, code_at_end = "", 124
        tail = log_tail(log)
    stages = tuple(json.loads(line) for line in output.splitlines() if line.endswith("}"))
    return Outcome(stages, code_at_end, tail, group.kills() if group is not None else 0)


def judge(outcome: Outcome, *, limited: bool) -> dict[str, Any]:
    """``status`` (fits, out of memory, failed), ``reached`` and the figures of the stages that were reached.

    ``limited``: it ran under a limit and is known to work without one, so that a fatal signal means memory.
    """
    reached = outcome.stages[-1]["stage"] if outcome.stages else "nothing"
    figures: dict[str, Any] = {}
    for stage in outcome.stages:
        if stage["stage"] == "loaded":
            figures["load_seconds"] = stage["load_seconds"]
        if stage["stage"] == "answered":
            figures["median_ms"] = 1000.0 * median(stage["seconds"])
            figures["slowest_ms"] = 1000.0 * max(stage["seconds"])
            figures |= {name: stage[name] for name in ("peak_rss_mb", "peak_address_mb") if name in stage}
            figures |= stage["usage"] or {}
    if outcome.code == 0 and reached == "answered":
        return {"status": FITS, "reached": reached, **figures}
    said = reached == "out of memory" or any(sign in outcome.log for sign in SIGNS)
    ended = -outcome.code if outcome.code < 0 else None
    if outcome.kills:
        return {"status": OUT_OF_MEMORY, "reached": reached, "detail": "killed by the kernel", **figures}
    if said or (limited and ended in FATAL):
        last = outcome.log.splitlines()[-1] if outcome.log else ""
        detail = last if said and last else f"ended by {signal.Signals(ended).name}" if ended else "refused"
        return {"status": OUT_OF_MEMORY, "reached": reached, "detail": detail[:200], **figures}
    detail = f"exit code {outcome.code}: {outcome.log.splitlines()[-1] if outcome.log else 'no message'}"
    return {"status": FAILED, "reached": reached, "detail": detail[:300], **figures}


def _in_group(job: dict[str, Any], limit_mb: int, *, works: bool, result: dict[str, Any]) -> dict[str, Any]:
    with memory_group(limit_mb * 2**20) as group:
        if isinstance(group, str):
            result["settings"]["no_group"] = group
            return {"limit": "cgroup", "status": "not possible here", "reached": "nothing", "detail": group}
        outcome = run_limited({**job, "join": group.join}, group=group)
        return {"limit": group.kind, **judge(outcome, limited=works), "group_peak_mb": group.peak_mb()}


def report(result: dict[str, Any]) -> list[str]:
    """What fits, by bundle, variant and limit."""
    settings = result["settings"]
    shortest, longest = settings["words"]

    def number(row: dict[str, Any], name: str, digits: int = 0) -> str:
        return f"{row[name]:.{digits}f}" if row.get(name) is not None else ""

    def status(row: dict[str, Any]) -> str:
        if row["status"] == "fits":
            return "fits" if row["limit"] != "none" else "runs"
        return f'{row["status"]} after "{row["reached"]}": {row["detail"]}'

    lines = [
        "# Small device",
        "",
        f"1 thread on 1 processor, {settings['limit_mb']} MiB; {settings['texts']} texts of {shortest} to "
        f"{longest} words, entities with 4 labels, a fresh process each. A control group limits what is "
        "resident, as a container's limit does; the address-space limit (RLIMIT_AS) counts every mapped byte "
        "and is stricter than a device of that size.",
        "",
    ]
    if "no_group" in settings:
        lines += [f"No control group could be made here ({settings['no_group']}).", ""]
    lines += table(
        ["bundle", "variant", "limit", "result", "load, s", "median ms", "slowest ms", "peak resident, MB",
         "peak address space, MB", "anonymous, MB"],
        (
            [
                row["bundle"], row["variant"], row["limit"], status(row), number(row, "load_seconds", 2),
                number(row, "median_ms", 1), number(row, "slowest_ms", 1), number(row, "peak_rss_mb"),
                number(row, "peak_address_mb"), number(row, "anonymous_mb"),
            ]
            for row in result["rows"]
        ),
    )  # fmt: skip
    return [*lines, ""]
