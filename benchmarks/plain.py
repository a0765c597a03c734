"""Runs the plain export: its graph in our pipeline, in the place of our graph's session.

Everything around the graph is ours (tokenizer cache, decoding) and the span scores are factorised as in
gliner2 2.1.0, so what is compared is the graph. The reference runs its counting layer outside a graph, per
task; here NumPy does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort

from gliner2_lite import GLiNER2
from gliner2_lite.architectures.span.architecture import SpanArchitecture
from gliner2_lite.architectures.span.config import SpanConfig, read_config
from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.bundle.manifest import TOKENIZER_NAME, Bundle, read_bundle
from gliner2_lite.graph.batch import Batch
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.load.loading import LoadedModel, LoadOptions
from gliner2_lite.schema.limits import LABEL_MARKER
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

GRAPHS = {"fp32": "model.onnx", "int8": "model_int8.onnx"}
OUTPUTS = ("count_logits", "class_logits", "label_states", "span_start", "span_end")


def load_plain(graph: Path, bundle: Path, *, threads: int) -> GLiNER2:
    """A model that runs ``graph``; tokenizer and head weights are those of our ``bundle``."""
    opened = read_bundle(bundle)
    variant = opened.choose("fp32")  # whose head weights are exact
    config = read_config(opened)
    heads = SpanHeads(opened.path(variant.heads), config)
    return GLiNER2(
        LoadedModel(
            bundle=opened,
            variant=variant,
            tokenizer=WordTokenizer(opened.path(TOKENIZER_NAME), opened.special_tokens),
            session=PlainSession(graph, heads, opened, config, threads=threads),
            architecture=SpanArchitecture(heads),
            again=LoadOptions(),  # no worker process loads it
        )
    )


class PlainSession:
    """Stands in for our ``GraphSession``: the plain graph, then the first instance's span scores in NumPy."""

    def __init__(
        self, graph: Path, heads: SpanHeads, bundle: Bundle, config: SpanConfig, *, threads: int
    ) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        # As in our own session: spinning threads would slow the NumPy part down.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self._heads = heads
        self._max_width = config.max_width
        self._class_marker = bundle.special_tokens[LABEL_MARKER]

    def run(self, batch: Batch, *, last: bool = False) -> Arrays:
        """The outputs for one batch, as our session gives them; ``last`` makes no difference here."""
        arrays = batch.inputs()
        inputs = {item.name: arrays[item.name] for item in self._session.get_inputs()}
        outputs = dict(zip(OUTPUTS, self._session.run(list(OUTPUTS), inputs), strict=True))
        labels, start, end = outputs["label_states"], outputs["span_start"], outputs["span_end"]
        spans = np.full((*start.shape[:2], self._max_width, labels.shape[1]), -np.inf, dtype=np.float32)
        for row, item in enumerate(batch.encoded):
            words = len(item.word_positions)
            columns = [
                np.flatnonzero(batch.label_tasks[row, : sum(map(len, item.label_positions))] == task)
                for task, places in enumerate(item.label_positions)
                if places and item.ids[places[0]] != self._class_marker
            ]
            if columns:
                queries = self._heads.counts.queries(
                    [labels[row, places] for places in columns], [1] * len(columns)
                )
                flat = np.concatenate([query[0] for query in queries])  # [M, H]
                grid = self._heads.spans.scores(start[row, :words], end[row, :words], flat)  # [M, W, width]
                spans[row, :words, :, np.concatenate(columns)] = grid
        return outputs | {"span_logits": spans}
