"""From a text to its result through a loaded model: prepare → run → read → show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gliner2_lite.answers.public import public_result, raw_result
from gliner2_lite.answers.types import Answers
from gliner2_lite.graph.batch import make_batch
from gliner2_lite.graph.encode import Request, Sample, check_length, encode_sample
from gliner2_lite.graph.numeric import Arrays
from gliner2_lite.graph.schedule import plan_batches
from gliner2_lite.load.loading import LoadedModel
from gliner2_lite.machine.memory import release_memory
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.prompt.layout import Prompt, build_prompts
from gliner2_lite.prompt.words import WordSplitter, normalize_text, split_words
from gliner2_lite.schema.limits import Limits

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A loaded model with a word splitter and limits; immutable, and safe to use from several threads."""

    loaded: LoadedModel
    splitter: WordSplitter
    limits: Limits

    def prompts(self, schemas: Sequence[Any]) -> list[Prompt]:
        """The prompt of each schema. Raises SchemaError for an unusable schema."""
        return build_prompts(schemas, self.limits)

    def prepare(self, text: str | None, prompt: Prompt, options: CallOptions) -> Request:
        """Text → words → token ids. Raises InputError for a text that the encoder or the limits refuse."""
        bundle = self.loaded.bundle
        normalized = normalize_text(text)
        words = split_words(normalized, self.splitter, limit=options.max_len, max_words=self.limits.words)
        sample = Sample(normalized, words, prompt)
        encoded = encode_sample(
            sample, self.loaded.tokenizer.ids, bundle.special_tokens, pooling=bundle.config.token_pooling
        )
        check_length(encoded, bundle.config.max_positions, self.limits.tokens)
        return Request(sample, encoded)

    def run(self, requests: Sequence[Request], options: CallOptions) -> list[Answers]:
        """Ids → batches → graph → answers, in the order of ``requests``. Raises RunError."""
        model, answers = self.loaded, [Answers()] * len(requests)
        pooling = model.bundle.config.token_pooling
        pending = [index for index, request in enumerate(requests) if request.sample.prompt.tasks]
        plan = plan_batches([len(requests[index].encoded.ids) for index in pending], options.batch)
        for rows in plan:
            indices = [pending[row] for row in rows]
            chosen = [requests[index] for index in indices]
            batch = make_batch([request.encoded for request in chosen], pooling=pooling)
            batch = replace(batch, extras=model.architecture.extra_inputs(chosen))
            arrays = model.session.run(batch, last=rows is plan[-1])
            for row, (index, request) in enumerate(zip(indices, chosen, strict=True)):
                answers[index] = self.read(arrays, row, request, options)
            del arrays  # the next run needs the memory
        if model.releases_memory:
            release_memory()
        return answers

    def read(self, arrays: Arrays, row: int, request: Request, options: CallOptions) -> Answers:
        """Arrays of a batch → scores → answers of the text in ``row``."""
        architecture = self.loaded.architecture
        scores = architecture.score(arrays, row, request)
        answers, prompt = architecture.decode(scores, request.sample, options), request.sample.prompt
        if options.chunks is None:  # a document's pairs and entities are joined when its windows are merged
            answers = answers.between(prompt.relation_ends)
        return answers.renamed(prompt.relation_names) if options.names_relations else answers


def show(answers: Answers, options: CallOptions) -> Result:
    """The answers in the form that ``options`` asks for."""
    return (raw_result if options.raw else public_result)(answers, options.shape)
