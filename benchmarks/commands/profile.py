"""``profile``: where a graph's time goes, by onnxruntime's own profiler."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from benchmarks.goals import GOALS_FOR
from benchmarks.options import add_machine_options, positive, positives
from benchmarks.results import new_result_without_contestants, write_result
from benchmarks.settings import choose_cpus, prepare_out
from benchmarks.tables import table
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import InputError

TOKENS = (48, 64, 128, 256, 512)
LABELS = 4
PROMPT_TOKENS = 16  # of an entity task with that many labels
TOKENS_PER_WORD = 1.3
WARM_RUNS = 3
INT8_PRODUCTS = frozenset({
    "DynamicQuantizeMatMul", "MatMulInteger", "MatMulIntegerToFloat", "QGemm", "QLinearMatMul", "MatMulNBits",
    "DynamicQuantizeLSTM",
})  # fmt: skip
FLOAT_PRODUCTS = frozenset({"MatMul", "FusedMatMul", "Gemm", "FusedGemm", "FusedMatMulActivation"})
ATTENTION = frozenset({"Attention", "MultiHeadAttention", "QAttention"})
KINDS = ("int8 products with weights", "fp32 products with weights", "products of activations", "other")
PRODUCT_GOALS = "at least 70 % at 64 tokens, 60 % at 256"  # shares of the first kind


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``profile`` command to ``commands``."""
    parser = commands.add_parser("profile", help="time per operator of one graph")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    parser.add_argument("--variant", metavar="NAME", help="fp32 or int8 (default: int8 where there is one)")
    parser.add_argument(
        "--tokens",
        type=positives,
        default=TOKENS,
        metavar="LIST",
        help="lengths (default: 48,64,128,256,512)",
    )
    parser.add_argument(
        "--runs", type=positive, default=20, metavar="N", help="runs per length (default: 20)"
    )
    add_machine_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Profile the graph and print the report."""
    threads, cpus = choose_cpus(options.threads)
    out = prepare_out(options.out)
    result = measure(
        options.bundle,
        variant=options.variant,
        tokens=options.tokens,
        runs=options.runs,
        threads=threads,
        cpus=cpus,
    )
    print(write_result(result, report(result), out), end="")


def measure(
    bundle: Path, *, variant: str | None, tokens: Sequence[int], runs: int, threads: int, cpus: Sequence[int]
) -> dict[str, Any]:
    """Profile one graph at several lengths, batch 1, random ids; pins this process to ``cpus``."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)
    opened = read_bundle(bundle)
    chosen = opened.choose(variant)
    rows = [
        {
            "tokens": length,
            **_profile_length(opened.path(chosen.graph), _feeds(opened.raw, length), runs, threads),
        }
        for length in tokens
    ]
    return {
        **new_result_without_contestants("profile", cpus=cpus, threads=threads),
        "settings": {"variant": chosen.name, "runs": runs},
        "rows": rows,
    }


def _profile_length(graph: Path, feeds: dict[str, Any], runs: int, threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(place) / "profile")
        session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        wanted = {item.name for item in session.get_inputs()}
        if missing := wanted - set(feeds):
            raise InputError(
                f"{graph} has inputs that this benchmark does not know: {', '.join(sorted(missing))}"
            )
        inputs = {name: feeds[name] for name in wanted}
        for _ in range(WARM_RUNS + runs):
            session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return summarize_events(events, skip_runs=WARM_RUNS)


def summarize_events(events: list[dict[str, Any]], *, skip_runs: int) -> dict[str, Any]:
    """Trace events of several runs → milliseconds per run, by operator and by kind.

    Means over the fastest quarter of the runs after the first ``skip_runs``: a graph has so many small
    nodes that some of them are interrupted in most runs. Shares are of the session's time in these runs.
    """
    runs = sorted(
        (event for event in events if event.get("cat") == "Session" and event["name"] == "model_run"),
        key=lambda event: event["ts"],
    )[skip_runs:]
    if not runs:
        raise InputError(f"the profile holds no run after the first {skip_runs}")
    kept = sorted(runs, key=lambda event: event["dur"])[: -(-len(runs) // 4)]
    spent: defaultdict[tuple[str, str], float] = defaultdict(float)  # (operator, kind) → microseconds
    nodes: Counter[tuple[str, str]] = Counter()
    for event in events:
        if event.get("cat") != "Node" or not event["name"].endswith("_kernel_time"):
            continue
        if not any(run["ts"] <= event["ts"] <= run["ts"] + run["dur"] for run in kept):
            continue
        operator = event["args"]["op_name"]
        key = operator, kind_of(operator, event["args"].get("input_type_shape", []))
        spent[key] += event["dur"]
        nodes[key] += 1
    total = sum(run["dur"] for run in kept)
    operators = [
        {
            "operator": operator,
            "kind": kind,
            "nodes": nodes[operator, kind] // len(kept),
            "ms": duration / len(kept) / 1000.0,
            "share": duration / total,
        }
        for (operator, kind), duration in sorted(spent.items(), key=lambda item: -item[1])
    ]
    kinds = {kind: sum(item["share"] for item in operators if item["kind"] == kind) for kind in KINDS}
    return {
        "session_ms": total / len(kept) / 1000.0,
        "runs": len(kept),
        "operators": operators,
        "kinds": kinds,
    }


def kind_of(operator: str, inputs: Sequence[dict[str, Any]]) -> str:
    """One of ``KINDS``. A product whose second operand is a matrix multiplies with weights, one whose second
    operand has more axes multiplies activations with each other, as attention does."""
    if operator in INT8_PRODUCTS:
        return KINDS[0]
    if operator in FLOAT_PRODUCTS:
        second = next(iter(inputs[1].values())) if len(inputs) > 1 and inputs[1] else []
        return KINDS[1] if len(second) <= 2 else KINDS[2]
    return KINDS[2] if operator in ATTENTION else KINDS[3]


def _feeds(manifest: dict[str, Any], tokens: int) -> dict[str, Any]:
    """Inputs of one text with an entity schema of ``LABELS`` labels, ``tokens`` tokens in all."""
    rng = np.random.default_rng(tokens)
    first_word = min(PROMPT_TOKENS, tokens - 1)
    words = max(1, int((tokens - first_word) / TOKENS_PER_WORD))
    positions = np.linspace(first_word, tokens - 1, words).astype(np.int64)[None]  # [1, W]
    feeds: dict[str, Any] = {
        "input_ids": rng.integers(5, manifest["config"]["vocab_size"], (1, tokens)),
        "attention_mask": np.ones((1, tokens), dtype=np.int64),
        "word_tokens": positions,
        "prompt_tokens": np.array([[min(1, tokens - 1)]]),
        "label_tokens": np.minimum(np.arange(4, 4 + 2 * LABELS, 2)[None], tokens - 1),
        "label_tasks": np.zeros((1, LABELS), dtype=np.int64),
    }
    if manifest["config"]["token_pooling"] != "first":
        feeds["word_tokens"] = positions[:, :, None]
        feeds["word_pieces"] = np.ones((1, words, 1), dtype=np.float32)
    return feeds


def report(result: dict[str, Any]) -> list[str]:
    """Shares of the kinds by length, and the operators of each length."""
    variant, runs = result["settings"]["variant"], result["settings"]["runs"]
    lines = [
        f"# Profile of the {variant} graph",
        "",
        f"Mean of the fastest quarter of {runs} runs with onnxruntime's profiler on, which slows graphs of "
        "many small nodes. Shares are of the session's time.",
        "",
    ]
    if variant == "int8":
        lines += [f"Goals for the first kind below, {GOALS_FOR}: {PRODUCT_GOALS}.", ""]
    kinds = list(result["rows"][0]["kinds"])
    lines += table(
        ["tokens", "session ms", *kinds],
        (
            [str(row["tokens"]), f"{row['session_ms']:.1f}", *(f"{row['kinds'][kind]:.1%}" for kind in kinds)]
            for row in result["rows"]
        ),
    )
    for row in result["rows"]:
        lines += ["", f"## {row['tokens']} tokens", ""]
        lines += table(
            ["operator", "kind", "nodes", "ms", "share"],
            (
                [
                    item["operator"],
                    item["kind"],
                    str(item["nodes"]),
                    f"{item['ms']:.2f}",
                    f"{item['share']:.1%}",
                ]
                for item in row["operators"]
                if item["share"] >= 0.002
            ),
        )
    return [*lines, ""]
