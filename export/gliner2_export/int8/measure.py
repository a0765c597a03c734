"""The int8 part of an export, inside the staged bundle: calibrate, quantize within bounds, measure."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gliner2_export.architectures.base import TorchGraph
from gliner2_export.checkpoint.read import Checkpoint
from gliner2_export.int8.gate import Bounds, Setting, describe, quantize_within
from gliner2_export.int8.quantize import check_target, plan_int8, quantize_plain
from gliner2_export.quality.evaluator import Evaluator, graph_outputs, torch_outputs
from gliner2_export.quality.report import (
    FP32,
    INT8,
    PLAIN,
    REFERENCE,
    Model,
    calibration_questions,
    gold_questions,
    gold_report,
    held_out_questions,
    held_out_report,
)
from gliner2_export.quality.texts import CALIBRATION_TEXTS, Tokens, feeds
from gliner2_lite.errors import ExportError
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

log = logging.getLogger("gliner2_export")


@dataclass(frozen=True)
class Int8Options:
    """The options of quantization to int8 and of measuring its accuracy.

    ``calibration`` is a file of texts (see ``texts.py``; None: the built-in ones), ``evaluate`` a
    directory of texts with gold answers (see ``gold.py``), of which ``per_file`` are taken at random.
    """

    target: str = "any"
    bounds: Bounds = field(default_factory=Bounds)
    calibration: Path | None = None
    evaluate: Path | None = None
    per_file: int = 50

    def check(self) -> None:
        """Raise ExportError when an option is unusable; cheap, so that it can be done before the work."""
        check_target(self.target)
        self.bounds.check()
        if self.per_file < 1:
            raise ExportError(f"at least one text per file must be evaluated, not {self.per_file}")
        if self.calibration is not None and not self.calibration.is_file():
            raise ExportError(f"{self.calibration} is not a file; give a text file with one sentence a line")
        if self.evaluate is not None and not self.evaluate.is_dir():
            raise ExportError(
                f"{self.evaluate} is not a directory; give one with */*.dev.jsonl or */*.test.jsonl"
            )


@dataclass(frozen=True)
class Staged:
    """Files of the bundle that is being made. ``int8_graph`` is None when none is wanted."""

    fp32_graph: Path
    fp32_heads: Path
    int8_graph: Path | None
    int8_heads: Path
    tokenizer: Path


def write_and_measure(
    loaded: Checkpoint, reference: TorchGraph, staged: Staged, options: Int8Options
) -> dict[str, Any]:
    """Write the int8 graph (if wanted) and return the content of ``quality.json``.

    ``reference`` holds the torch modules that everything is compared with. Raises ExportError when the
    bounds cannot be met.
    """
    tokens = Tokens(
        WordTokenizer(staged.tokenizer, loaded.special_tokens),
        loaded.special_tokens,
        loaded.config.token_pooling,
        loaded.max_positions,
    )
    exact, rounded = (
        Evaluator(loaded.architecture.scoring(heads, loaded))
        for heads in (staged.fp32_heads, staged.int8_heads)
    )
    names = reference.output_names
    fp32 = Model(graph_outputs(staged.fp32_graph, names), exact)
    models = {REFERENCE: Model(torch_outputs(reference), exact), FP32: fp32}
    questions = held_out_questions(tokens)
    report: dict[str, Any] = {"target": options.target}
    with tempfile.TemporaryDirectory(dir=staged.fp32_graph.parent) as scratch:
        if staged.int8_graph is not None:
            calibration = calibration_questions(tokens, options.calibration or CALIBRATION_TEXTS)
            log.info("planning int8 on %d calibration texts", len(calibration))
            batches = [feeds(question.batch) for question in calibration]
            setting = Setting(
                fp32_graph=staged.fp32_graph,
                out=staged.int8_graph,
                plan=plan_int8(staged.fp32_graph, batches, target=options.target),
                encoder_config=reference.config,
                fp32=fp32,
                load=lambda graph: Model(graph_outputs(graph, names), rounded),
                held_out=questions,
                calibration=calibration,
                scratch=Path(scratch),
            )
            log.info("quantizing to int8 and measuring on %d held-out texts", len(questions))
            result = quantize_within(setting, options.bounds)
            report |= describe(result, options.bounds)
            models[INT8] = setting.load(result.measured)
        log.info("comparing %s on %d held-out texts", ", ".join(models), len(questions))
        report["held_out"] = held_out_report(models, questions)
        if options.evaluate is not None:
            gold = gold_questions(tokens, options.evaluate, per_file=options.per_file)
            log.info("evaluating on %d labelled texts", len(gold))
            if INT8 in models:
                plain = Path(scratch) / "plain.onnx"
                quantize_plain(staged.fp32_graph, plain, encoder_config=reference.config)
                models[PLAIN] = Model(graph_outputs(plain, names), exact)
            report["evaluated"] = gold_report(models, gold)
    return report
