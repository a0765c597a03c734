"""A spaCy pipeline component: entities into ``doc.ents`` and ``doc.spans``, classes into ``doc.cats``.

    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2_lite", config={"model": "path/to/bundle", "labels": ["person", "city"]})

An entry point makes the name known, without an import. Needs ``pip install "gliner2-lite[spacy]"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gliner2_lite.errors import InputError
from gliner2_lite.integrations import missing_extra
from gliner2_lite.integrations.entities import Entity, entity_lists, one_label_per_span
from gliner2_lite.integrations.extractor import shared_model
from gliner2_lite.integrations.reading import read_texts
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.schema import Schema, classification_schema, compile_schema

try:
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.tokens import Doc, Span, SpanGroup
    from spacy.util import minibatch
except ModuleNotFoundError as error:
    raise missing_extra(error, "spacy") from error

ALIGNMENT_MODES = ("strict", "contract", "expand")


@dataclass(frozen=True)
class Settings:
    """What the component does; the keys of its config.

    Args:
        model, variant, threads: as in ``GLiNER2.from_pretrained``; the model is loaded once per process.
        labels: entity types, a list or a dict, as in ``extract_entities``.
        classes: classification tasks, as in ``classify_text``. ``doc.cats`` gets the score of every label:
            under the label, or with several tasks under ``task=label``.
        threshold: probability from which a span counts.
        spans_key: the key of ``doc.spans`` that gets all spans, overlapping ones included, with their
            scores in ``attrs["scores"]``; None for none.
        set_ents: write ``doc.ents``, with the more confident of two overlapping spans.
        overwrite_ents: give these precedence over entities that are already there.
        alignment_mode: what becomes of a span that begins or ends inside a token: ``"expand"`` to whole
            tokens, ``"contract"``, or ``"strict"`` to leave it out.
        batch_size: texts per forward pass.
    """

    model: str
    labels: Any
    classes: Mapping[str, Any]
    threshold: float
    spans_key: str | None
    set_ents: bool
    overwrite_ents: bool
    alignment_mode: str
    batch_size: int
    variant: str | None
    threads: int | None

    def __post_init__(self) -> None:
        CallOptions.checked(threshold=self.threshold, batch_size=self.batch_size)
        if self.alignment_mode not in ALIGNMENT_MODES:
            choices = ", ".join(map(repr, ALIGNMENT_MODES))
            raise InputError(f"alignment_mode must be one of {choices}, not {self.alignment_mode!r}")
        if not self.labels and not self.classes:
            raise InputError(
                'nothing to extract: give entity types in "labels" or classification tasks in "classes"'
            )

    def schema(self) -> Schema:
        """Entities as they are asked for, and classifications that answer with every label."""
        schema = Schema()
        if self.labels:
            schema.entities(self.labels)
        for task, config in self.classes.items():
            options = (
                dict(config) if isinstance(config, Mapping) and "labels" in config else {"labels": config}
            )
            classification_schema({task: options})  # checks what the user wrote, under its own name
            act = options.get("class_act") or ("sigmoid" if options.get("multi_label") else "softmax")
            options.pop("top_k", None)
            options.pop("abstain", None)
            schema.classification(
                task, **{**options, "multi_label": True, "cls_threshold": 0.0, "class_act": act}
            )
        compile_schema(schema)
        return schema


@Language.factory(
    "gliner2_lite",
    assigns=["doc.ents", "doc.spans", "doc.cats"],
    default_config={
        "labels": [],
        "classes": {},
        "threshold": 0.5,
        "spans_key": "gliner2",
        "set_ents": True,
        "overwrite_ents": False,
        "alignment_mode": "expand",
        "batch_size": 8,
        "variant": None,
        "threads": None,
    },
)
def make_gliner2(
    nlp: Language,
    name: str,
    model: str,
    labels: list[str] | dict[str, Any],
    classes: dict[str, Any],
    threshold: float,
    spans_key: str | None,
    set_ents: bool,
    overwrite_ents: bool,
    alignment_mode: str,
    batch_size: int,
    variant: str | None,
    threads: int | None,
) -> GLiNER2Component:
    """Build the component; spaCy calls this with the pipeline's config, see :class:`Settings`."""
    settings = Settings(
        model, labels, classes, threshold, spans_key, set_ents, overwrite_ents, alignment_mode,
        batch_size, variant, threads,
    )  # fmt: skip
    return GLiNER2Component(name, settings)


class GLiNER2Component(Pipe):
    """The component; made by ``nlp.add_pipe("gliner2_lite", config=...)``.

    Its config is its whole state, which ``nlp.to_disk`` writes; the model stays where it is.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._schema = settings.schema()

    def __reduce__(self) -> tuple[Callable[..., GLiNER2Component], tuple[str, Settings]]:
        """Pickled as its settings: worker processes load the model themselves."""
        return GLiNER2Component, (self.name, self.settings)

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types."""
        return tuple(self.settings.labels)

    def initialize(self, get_examples: object = None, *, nlp: Language | None = None) -> None:
        """Load the model before the first text; ``nlp.initialize`` calls this."""
        self._model()

    def __call__(self, doc: Doc) -> Doc:
        """Annotate one document."""
        return next(self.pipe([doc], batch_size=1))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int | None = None) -> Iterator[Doc]:
        """Annotate documents, ``batch_size`` of the config at a time, so that texts share forward passes.

        ``nlp.pipe``'s own ``batch_size`` says how many texts spaCy buffers; it does not make these larger.
        """
        size = self.settings.batch_size
        for docs in minibatch(stream, size=min(size, batch_size or size)):
            yield from self._annotated(docs)

    def _annotated(self, docs: list[Doc]) -> Iterator[Doc]:
        """The documents with their answers; those that cannot be run go to spaCy's error handler."""
        answers = read_texts(
            self._model(), [doc.text for doc in docs], self._schema,
            batch_size=self.settings.batch_size, threshold=self.settings.threshold,
            include_confidence=True, include_spans=True, overlap_policy="allow",
        )  # fmt: skip
        for doc, answer in zip(docs, answers, strict=True):
            if isinstance(answer, InputError):
                self.get_error_handler()(self.name, self, [doc], answer)
            else:
                self._write(doc, answer)
                yield doc

    def _model(self) -> Any:
        settings = self.settings
        return shared_model(settings.model, variant=settings.variant, threads=settings.threads)

    def _write(self, doc: Doc, answer: dict[str, Any]) -> None:
        settings = self.settings
        if settings.spans_key is not None and settings.labels:
            items = [
                {**item, "label": label, "score": item["confidence"]}
                for label, entities in entity_lists(answer).items()
                for item in entities
            ]
            items.sort(key=lambda item: (item["start"], item["end"]))
            spans, scores = self._spans(doc, items)
            doc.spans[settings.spans_key] = SpanGroup(
                doc, name=settings.spans_key, spans=spans, attrs={"scores": scores}
            )
        if settings.set_ents and settings.labels:
            self._write_ents(doc, self._spans(doc, one_label_per_span(answer))[0])
        for task in settings.classes:
            for item in answer[task]:
                key = item["label"] if len(settings.classes) == 1 else f"{task}={item['label']}"
                doc.cats[key] = item["confidence"]

    def _spans(self, doc: Doc, items: Sequence[Entity]) -> tuple[list[Span], list[float]]:
        """Characters to tokens; what the alignment mode leaves out goes with its score."""
        spans, scores = [], []
        for item in items:
            span = doc.char_span(
                item["start"], item["end"], label=item["label"], alignment_mode=self.settings.alignment_mode
            )
            if span is not None and len(span):
                spans.append(span)
                scores.append(float(item["score"]))
        return spans, scores

    def _write_ents(self, doc: Doc, spans: Sequence[Span]) -> None:
        """Into ``doc.ents``, without overlaps: with the entities there before, or among expanded ones."""
        before = list(doc.ents)
        ranked = [*spans, *before] if self.settings.overwrite_ents else [*before, *spans]
        kept: list[Span] = []
        for span in ranked:
            if all(span.end <= other.start or other.end <= span.start for other in kept):
                kept.append(span)
        doc.ents = kept
