"""A recognizer for Presidio: personal data by the names you give it.

    analyzer = AnalyzerEngine()
    analyzer.registry.add_recognizer(GLiNER2Recognizer("path/to/bundle"))

Needs ``pip install "gliner2-lite[presidio]"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gliner2_lite.errors import InputError
from gliner2_lite.integrations import missing_extra
from gliner2_lite.integrations.entities import find_entities
from gliner2_lite.integrations.extractor import shared_model
from gliner2_lite.model.gliner2 import GLiNER2
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.schema import compile_schema, entities_schema

try:
    import spacy
    from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine
except ModuleNotFoundError as error:
    raise missing_extra(error, "presidio") from error

# Labels in plain words for the model, and the entities by which Presidio's other parts know them.
DEFAULT_MAPPING: Mapping[str, str] = {
    "person": "PERSON",
    "organization": "ORGANIZATION",
    "location": "LOCATION",
    "address": "LOCATION",
    "phone number": "PHONE_NUMBER",
    "email address": "EMAIL_ADDRESS",
    "date of birth": "DATE_TIME",
    "passport number": "PASSPORT",
    "credit card number": "CREDIT_CARD",
    "medical condition": "MEDICAL_CONDITION",
}


class GLiNER2Recognizer(LocalRecognizer):
    """Finds entities with a GLiNER2 bundle, inside Presidio's ``AnalyzerEngine``.

    Args:
        model: name, directory or repository of a bundle (loaded once per process), or a loaded model.
        entity_mapping: label, as the model reads it, to the Presidio entity it is reported as. Several
            labels may share an entity.
        labels: more about a label: its description, or ``{"description": ..., "threshold": ...}``.
        threshold: probability from which a span counts; it becomes the result's score.
        supported_language: the language for which the engine calls it; see :meth:`for_languages`.
        name, context, version: as for any Presidio recognizer.
        variant, threads: as in ``GLiNER2.from_pretrained``.

    Raises:
        SchemaError, InputError: an unusable label, threshold or mapping; BundleError: no such model.
    """

    def __init__(
        self,
        model: str | Path | GLiNER2,
        entity_mapping: Mapping[str, str] = DEFAULT_MAPPING,
        *,
        labels: Mapping[str, Any] | None = None,
        threshold: float = 0.5,
        supported_language: str = "en",
        name: str = "GLiNER2Recognizer",
        context: list[str] | None = None,
        version: str = "0.1.0",
        variant: str | None = None,
        threads: int | None = None,
    ) -> None:
        CallOptions.checked(threshold=threshold)
        if not entity_mapping:
            raise InputError('entity_mapping is empty; map at least one label, such as {"person": "PERSON"}')
        unknown = [label for label in labels or {} if label not in entity_mapping]
        if unknown:
            raise InputError(f"labels: {unknown[0]!r} is not a label of entity_mapping; add it there")
        self.model = model
        self.entity_mapping = dict(entity_mapping)
        self.labels = {label: (labels or {}).get(label) or {} for label in self.entity_mapping}
        self.threshold = threshold
        self._variant, self._threads = variant, threads
        compile_schema(entities_schema(self.labels))
        super().__init__(
            supported_entities=sorted(set(self.entity_mapping.values())),
            supported_language=supported_language, name=name, context=context, version=version,
        )  # fmt: skip

    @classmethod
    def for_languages(
        cls, languages: Sequence[str], model: str | Path | GLiNER2, **options: Any
    ) -> list[GLiNER2Recognizer]:
        """One recognizer per language: Presidio knows recognizers by language. They share the model."""
        return [cls(model, supported_language=language, **options) for language in languages]

    def load(self) -> None:
        """Load the model. Presidio calls this when the recognizer is made."""
        self._model()

    def _model(self) -> GLiNER2:
        if isinstance(self.model, GLiNER2):
            return self.model
        return shared_model(self.model, variant=self._variant, threads=self._threads)

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """What the model finds in ``text``, of the ``entities`` asked for (empty: of all).

        The model is always asked about every label, whatever ``entities`` holds: what counts as a person must
        not depend on whether the caller wants locations as well.
        """
        spans = find_entities(self._model(), [text], self.labels, threshold=self.threshold)[0]
        results = []
        for item in spans:
            entity = self.entity_mapping[item["label"]]
            if entities and entity not in entities:
                continue
            explanation = AnalysisExplanation(
                recognizer=self.name, original_score=item["score"],
                textual_explanation=f"labelled {item['label']!r} by GLiNER2",
            )  # fmt: skip
            results.append(
                RecognizerResult(
                    entity_type=entity, start=item["start"], end=item["end"], score=item["score"],
                    analysis_explanation=explanation,
                    recognition_metadata={
                        RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                        RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                    },
                )
            )  # fmt: skip
        return results


class BlankNlpEngine(SpacyNlpEngine):
    """Presidio's view of a text without a spaCy model: words only, nothing to download.

    Enough for this recognizer and for Presidio's patterns. Context words are compared as they stand, since a
    blank pipeline knows no lemmas.
    """

    def __init__(self, languages: Sequence[str] = ("en",)) -> None:
        super().__init__(models=[{"lang_code": code, "model_name": f"blank:{code}"} for code in languages])

    def load(self) -> None:
        """Make the blank pipelines."""
        self.nlp = {model["lang_code"]: spacy.blank(model["lang_code"]) for model in self.models}
