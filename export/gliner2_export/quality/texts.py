"""Texts with schemas, read from a file and encoded as graph inputs, for calibration and the gate.

The file form: one text a line; a line that begins with ``{`` is a schema (the JSON form of
``Schema.from_dict``) for the texts below it; ``#`` begins a comment. Texts above the first schema take the
built-in schemas in turn, so a plain file of sentences works as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from gliner2_lite.errors import ExportError, SchemaError
from gliner2_lite.graph.batch import Batch, make_batch
from gliner2_lite.graph.encode import Encoded, Sample, encode_sample
from gliner2_lite.prompt.layout import Prompt, build_prompt
from gliner2_lite.prompt.words import normalize_text, resolve_splitter, split_words
from gliner2_lite.schema import Schema, compile_schema
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

CALIBRATION_TEXTS = Path(__file__).parent.parent / "data" / "calibration.txt"
HELD_OUT_TEXTS = Path(__file__).parent.parent / "data" / "heldout.txt"


@dataclass(frozen=True)
class SchemaText:
    """One text and its schema."""

    text: str
    schema: Schema


@dataclass(frozen=True)
class Tokens:
    """Turns text and schema into graph inputs; everything needed is in the bundle."""

    tokenizer: WordTokenizer
    special: Mapping[str, int]
    pooling: str
    max_positions: int | None

    def sample(self, item: SchemaText) -> Sample:
        """Words and prompt of one text. The text is cut to what the encoder can take."""
        return self.prompted(item.text, build_prompt(compile_schema(item.schema)))

    def prompted(self, text: str, prompt: Prompt) -> Sample:
        """Words of one text, cut as by ``sample``, with a ready prompt (many texts, one schema)."""
        normal = normalize_text(text)
        words = split_words(normal, resolve_splitter(None))
        sample = Sample(normal, words, prompt)
        while self.max_positions is not None and len(words) > 1:
            excess = len(self.encode(sample).ids) - self.max_positions
            if excess <= 0:
                break
            # A word has at least one token, so dropping `excess` words may take a second round, never more.
            words = split_words(normal, resolve_splitter(None), limit=max(1, len(words) - excess))
            sample = Sample(normal, words, prompt)
        return sample

    def encode(self, sample: Sample) -> Encoded:
        """Token ids and positions of one sample."""
        return encode_sample(sample, self.tokenizer.ids, dict(self.special), pooling=self.pooling)

    def fits(self, sample: Sample) -> bool:
        """Whether the encoder takes this sample (a long prompt may leave no room for text)."""
        return self.max_positions is None or len(self.encode(sample).ids) <= self.max_positions

    def batch(self, sample: Sample) -> Batch:
        """The sample alone in a batch: nothing is padded."""
        return make_batch([self.encode(sample)], pooling=self.pooling)


def feeds(batch: Batch) -> dict[str, np.ndarray]:
    """The graph's inputs by name; those that a pooling has no use for are left out."""
    return {name: array for name, array in batch.inputs().items() if array is not None}


def read_texts(path: Path) -> list[SchemaText]:
    """All texts of ``path`` with their schemas.

    Raises ExportError naming the file and line when it is not UTF-8, a schema is wrong or no text is there.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} cannot be read as UTF-8 text ({error})") from error
    texts: list[SchemaText] = []
    schema: Schema | None = None
    fallback = cycle(() if path == CALIBRATION_TEXTS else _schemas(CALIBRATION_TEXTS))
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if line.startswith("{"):
            schema = _schema(line, path, number)
        elif line and not line.startswith("#"):
            texts.append(SchemaText(line, next(fallback) if schema is None else schema))
    if not texts:
        raise ExportError(f"{path} holds no text; write one sentence a line")
    return texts


def crossed(texts: Iterable[SchemaText]) -> list[SchemaText]:
    """Every text with its own schema and with the next different one: twice the cases, half of them
    questions whose answer is mostly "nothing"."""
    texts = list(texts)
    schemas = list({id(item.schema): item.schema for item in texts}.values())
    following = {id(one): other for one, other in zip(schemas, [*schemas[1:], schemas[0]], strict=True)}
    return texts + [SchemaText(item.text, following[id(item.schema)]) for item in texts]


def _schemas(path: Path) -> list[Schema]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_schema(line, path, n) for n, line in enumerate(lines, start=1) if line.startswith("{")]


def _schema(line: str, path: Path, number: int) -> Schema:
    try:
        return Schema.from_json(line)
    except SchemaError as error:
        raise ExportError(f"{path}, line {number}: {error}") from error
