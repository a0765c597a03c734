"""The small layers of a span checkpoint that NumPy runs, read when they are first needed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from gliner2_lite.architectures.span.config import SpanConfig

if TYPE_CHECKING:
    from gliner2_lite.architectures.span.counts import CountHead
    from gliner2_lite.architectures.span.spans import SpanScorer


class SpanHeads:
    """Counting layer and last span layer of a variant; a text with one instance per task needs neither.

    Raises:
        BundleError: on first use, when the file is damaged or lacks an array.
    """

    def __init__(self, path: Path, config: SpanConfig) -> None:
        self._path, self._config = path, config
        self._lock = threading.Lock()
        self._layers: tuple[CountHead, SpanScorer] | None = None

    @property
    def counts(self) -> CountHead:
        """The counting layer."""
        return self._read()[0]

    @property
    def spans(self) -> SpanScorer:
        """The last span layer."""
        return self._read()[1]

    def _read(self) -> tuple[CountHead, SpanScorer]:
        """Both layers, once for all threads. The arrays as stored are not kept beside them."""
        with self._lock:
            if self._layers is None:
                # A start, and most texts, need none of these.
                from gliner2_lite.architectures.span.counts import CountHead
                from gliner2_lite.architectures.span.spans import SpanScorer
                from gliner2_lite.architectures.weights import read_weights

                weights = read_weights(self._path)
                self._layers = (
                    CountHead(self._config.counting_layer, weights, self._path),
                    SpanScorer(weights, self._config.max_width, self._path),
                )
            return self._layers
