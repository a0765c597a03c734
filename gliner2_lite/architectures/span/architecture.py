"""The span architecture as the pipeline sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gliner2_lite.answers.types import Answers
from gliner2_lite.architectures.base import DecodeOptions
from gliner2_lite.architectures.span.config import CONTRACT, read_config
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.heads import SpanHeads
from gliner2_lite.architectures.span.scores import TaskScores, score_sample
from gliner2_lite.bundle.manifest import Bundle, Variant
from gliner2_lite.graph.encode import Request, Sample
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.graph.session import Contract


class SpanArchitecture:
    """Counts instances per task, then scores every span of up to ``max_width`` words for every label."""

    contract: ClassVar[Contract] = CONTRACT

    def __init__(self, heads: SpanHeads) -> None:
        self.heads = heads

    @classmethod
    def open(cls, bundle: Bundle, variant: Variant) -> SpanArchitecture:
        """See ``Architecture.open``."""
        return cls(SpanHeads(bundle.path(variant.heads), read_config(bundle)))

    def extra_inputs(self, requests: Sequence[Request]) -> Arrays:
        """No arrays: the graph has only the common inputs."""
        return {}

    def score(self, arrays: Arrays, row: int, request: Request) -> list[TaskScores]:
        """The scores of every task of the text in ``row``."""
        sample = request.sample
        return score_sample(
            self.heads, arrays, row, request.encoded, sample.prompt, text_words=len(sample.words)
        )

    def decode(self, scores: Sequence[TaskScores], sample: Sample, options: DecodeOptions) -> Answers:
        """The answers to all tasks of the prompt."""
        tasks = tuple(
            (task.key, decode_task(task, score, sample, threshold=options.threshold, policy=options.policy))
            for task, score in zip(sample.prompt.tasks, scores, strict=True)
        )
        return Answers(tasks, sample.prompt.requested_relations)
