"""Logits of a classification task → the chosen labels, the same for every architecture."""

from __future__ import annotations

from gliner2_lite.answers.types import ClassAnswer, Label
from gliner2_lite.graph.numeric import FloatArray, sigmoid, softmax
from gliner2_lite.schema.spec import ClassificationSpec


def class_probabilities(task: ClassificationSpec, logits: FloatArray) -> FloatArray:
    """The probability of each label, float32 as in the reference.

    Softmax for a single label and sigmoid for several, unless the task's ``class_act`` says otherwise.

    Args:
        task: labels and options.
        logits: [M], of the task's labels in their order.
    """
    if task.class_act == "sigmoid" or (task.class_act != "softmax" and task.multi_label):
        return sigmoid(logits)
    return softmax(logits)


def choose_classes(task: ClassificationSpec, logits: FloatArray) -> ClassAnswer:
    """The best label, or with ``multi_label`` all from the task's threshold on and at least the best one.

    A task that may abstain has no label when its best one is below its threshold.

    Probabilities are compared with the threshold in float64, as in the reference.

    Args:
        task: labels and options.
        logits: [M], of the task's labels in their order; further values are ignored.
    """
    probabilities = class_probabilities(task, logits)[: len(task.labels)].tolist()
    labels = [Label(label, value) for label, value in zip(task.labels, probabilities, strict=True)]
    best = max(labels, key=lambda label: label.confidence)
    if not task.multi_label:
        abstains = task.abstain and best.confidence < task.threshold
        return ClassAnswer(() if abstains else (best,), multi_label=False)
    chosen = [label for label in labels if label.confidence >= task.threshold] or [best]
    if task.top_k is not None:
        chosen = sorted(chosen, key=lambda label: label.confidence, reverse=True)[: task.top_k]
    return ClassAnswer(tuple(chosen), multi_label=True)
