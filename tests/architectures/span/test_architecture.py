"""The span architecture on a real bundle: open, score and decode one by one, as the pipeline does."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import BundleError, GLiNER2, Schema
from gliner2_lite.answers.types import ClassAnswer, EntityAnswer, RecordAnswer, RelationAnswer
from gliner2_lite.architectures.base import find_architecture
from gliner2_lite.architectures.span.architecture import SpanArchitecture
from gliner2_lite.bundle.manifest import MANIFEST_NAME, read_bundle
from gliner2_lite.graph.batch import make_batch
from gliner2_lite.pipeline.options import CallOptions

TEXTS = ("Ann of Acme left.", "Bob Lee met Ann in Oslo on a cold Monday.")


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> GLiNER2:
    return GLiNER2.from_pretrained(small_bundle, threads=1)


def schema() -> Schema:
    """One task of every kind."""
    schema = (
        Schema().entities(["person", "city"]).relations(["knows"]).classification("tone", ["calm", "angry"])
    )
    schema.structure("deal").field("buyer").field("size", choices=["small", "large"])
    return schema


def test_a_bundle_is_opened_by_its_name_and_reads_no_weights_yet(small_bundle: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(small_bundle, tmp_path / "bundle"))
    bundle = read_bundle(root)
    variant = bundle.choose(None)
    bundle.path(variant.heads).unlink()
    assert find_architecture(bundle) is SpanArchitecture
    opened = SpanArchitecture.open(bundle, variant)
    with pytest.raises(BundleError, match=r"heads.*is not a file of arrays"):
        _ = opened.heads.counts


def test_a_manifest_without_its_fields_is_refused_when_it_is_opened(
    small_bundle: Path, tmp_path: Path
) -> None:
    manifest = json.loads((small_bundle / MANIFEST_NAME).read_text(encoding="utf-8"))
    del manifest["config"]["max_width"]
    (tmp_path / MANIFEST_NAME).write_text(json.dumps(manifest), encoding="utf-8")
    bundle = read_bundle(tmp_path)
    with pytest.raises(BundleError, match="config.max_width is missing"):
        SpanArchitecture.open(bundle, bundle.choose(None))


def test_the_graph_gives_the_outputs_of_the_contract_and_takes_nothing_more(model: GLiNER2) -> None:
    pipeline = model.pipeline
    [prompt] = pipeline.prompts([schema()])
    requests = [pipeline.prepare(text, prompt, CallOptions()) for text in TEXTS]
    assert SpanArchitecture.contract.extra_inputs == ()
    assert pipeline.loaded.architecture.extra_inputs(requests) == {}
    batch = make_batch([request.encoded for request in requests], pooling="first")
    arrays = pipeline.loaded.session.run(batch)
    assert tuple(arrays) == SpanArchitecture.contract.outputs
    labels, words = batch.label_positions.shape[1], batch.word_positions.shape[1]
    width = json.loads(model.bundle.manifest.read_text(encoding="utf-8"))["config"]["max_width"]
    assert arrays["count_logits"].shape == (2, 4, 20)
    assert arrays["class_logits"].shape == (2, labels)
    assert arrays["span_logits"].shape == (2, words, width, labels)


def test_a_text_is_scored_and_decoded_by_its_own_row(model: GLiNER2) -> None:
    """Padding of the longer text does not reach the shorter one, and the options reach the decoding."""
    pipeline, architecture = model.pipeline, model.pipeline.loaded.architecture
    [prompt] = pipeline.prompts([schema()])
    options = CallOptions(threshold=0.05)
    requests = [pipeline.prepare(text, prompt, options) for text in TEXTS]

    def arrays_of(*texts: int) -> dict[str, np.ndarray]:
        batch = make_batch([requests[text].encoded for text in texts], pooling="first")
        arrays = dict(pipeline.loaded.session.run(batch))
        arrays["count_logits"] = np.repeat(np.eye(20, dtype=np.float32)[[[2, 1, 2, 0]]], len(texts), axis=0)
        return arrays

    for row, request in enumerate(requests):
        together = architecture.score(arrays_of(0, 1), row, request)
        alone = architecture.score(arrays_of(row), 0, request)
        assert [score.count for score in together] == [2, 1, 2, 0]
        for one, other in zip(together, alone, strict=True):
            for name in ("spans", "choices", "classes"):
                if getattr(one, name) is not None:
                    np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-4)
        answers = architecture.decode(together, request.sample, options)
        assert [(key, type(answer)) for key, answer in answers.tasks] == [
            ("deal", RecordAnswer), ("entities", EntityAnswer), ("knows", RelationAnswer),
            ("tone", ClassAnswer),
        ]  # fmt: skip
        assert answers.requested_relations == ("knows",)
        one_by_one = replace(options, policy="allow"), replace(options, threshold=1.0)
        more, fewer = (architecture.decode(together, request.sample, asked) for asked in one_by_one)
        assert size(more.by_key()["entities"]) > size(answers.by_key()["entities"]) > 0
        assert size(fewer.by_key()["entities"]) == 0


def size(answer: object) -> int:
    assert isinstance(answer, EntityAnswer) and answer.values is not None
    return sum(len(value) for _, value in answer.values if isinstance(value, tuple))
