"""Which labels of a classification task are chosen."""

from __future__ import annotations

import numpy as np
import pytest

from gliner2_lite.architectures.classes import choose_classes
from gliner2_lite.schema.spec import ClassificationSpec

LOGITS = np.array([1.0, 3.0, -2.0, 9.0], dtype=np.float32)  # the last one is padding
LABELS = ("a", "b", "c")


def chosen(**options: object) -> list[str]:
    answer = choose_classes(ClassificationSpec("task", LABELS, **options), LOGITS)  # type: ignore[arg-type]
    return [label.label for label in answer.labels]


def test_a_single_label_is_the_best_one_by_softmax() -> None:
    answer = choose_classes(ClassificationSpec("task", LABELS), LOGITS[:3])
    [label] = answer.labels
    assert (label.label, answer.multi_label) == ("b", False)
    assert label.confidence == pytest.approx(np.exp(3) / (np.exp(1) + np.exp(3) + np.exp(-2)), abs=1e-6)


def test_several_labels_pass_their_threshold_by_sigmoid() -> None:
    assert chosen(multi_label=True) == ["a", "b"]
    assert chosen(multi_label=True, threshold=0.9) == ["b"]
    assert chosen(multi_label=True, threshold=1.0) == ["b"], "with none above it, the best one"
    assert chosen(multi_label=True, threshold=0.0, top_k=2) == ["b", "a"], "the surest first"


def test_the_activation_can_be_chosen() -> None:
    assert chosen(multi_label=True, class_act="softmax") == ["b"]
    [label] = choose_classes(ClassificationSpec("task", LABELS, class_act="sigmoid"), LOGITS).labels
    assert label.confidence == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-6)


def test_a_single_label_may_abstain_below_its_threshold() -> None:
    sure = choose_classes(ClassificationSpec("task", LABELS), LOGITS).labels[0].confidence
    assert chosen(threshold=1.0) == ["b"], "not unless it is asked to"
    assert chosen(threshold=sure, abstain=True) == ["b"]
    assert chosen(threshold=np.nextafter(sure, 1), abstain=True) == []
    assert not choose_classes(
        ClassificationSpec("t", LABELS, threshold=1.0, abstain=True), LOGITS
    ).multi_label
