"""GLiNER2 on small CPUs: entities, classes, records and relations without PyTorch.

Importing this package loads nothing heavy; the names below are resolved on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gliner2_lite.answers.instances import instances
    from gliner2_lite.errors import (
        AnswerError,
        BundleError,
        BundleNotFoundError,
        GLiNER2LiteError,
        HubError,
        InputError,
        InputTypeError,
        MissingExtraError,
        RunError,
        SchemaError,
        SchemaTypeError,
        WorkerError,
    )
    from gliner2_lite.model.gliner2 import GLiNER2
    from gliner2_lite.model.gliner2 import GLiNER2 as AutoExtractor
    from gliner2_lite.schema import AttributeGroup, RegexValidator, Schema, StructureBuilder
    from gliner2_lite.schema.limits import Limits

__version__ = "0.1.0"

_HOMES = {
    "GLiNER2": ("gliner2_lite.model.gliner2", "GLiNER2"),
    "AutoExtractor": ("gliner2_lite.model.gliner2", "GLiNER2"),
    "Limits": ("gliner2_lite.schema.limits", "Limits"),
    "Schema": ("gliner2_lite.schema", "Schema"),
    "StructureBuilder": ("gliner2_lite.schema", "StructureBuilder"),
    "RegexValidator": ("gliner2_lite.schema", "RegexValidator"),
    "AttributeGroup": ("gliner2_lite.schema", "AttributeGroup"),
    "instances": ("gliner2_lite.answers.instances", "instances"),
    "GLiNER2LiteError": ("gliner2_lite.errors", "GLiNER2LiteError"),
    "SchemaError": ("gliner2_lite.errors", "SchemaError"),
    "SchemaTypeError": ("gliner2_lite.errors", "SchemaTypeError"),
    "InputError": ("gliner2_lite.errors", "InputError"),
    "InputTypeError": ("gliner2_lite.errors", "InputTypeError"),
    "AnswerError": ("gliner2_lite.errors", "AnswerError"),
    "BundleError": ("gliner2_lite.errors", "BundleError"),
    "BundleNotFoundError": ("gliner2_lite.errors", "BundleNotFoundError"),
    "HubError": ("gliner2_lite.errors", "HubError"),
    "MissingExtraError": ("gliner2_lite.errors", "MissingExtraError"),
    "RunError": ("gliner2_lite.errors", "RunError"),
    "WorkerError": ("gliner2_lite.errors", "WorkerError"),
}

__all__ = [
    "AnswerError",
    "AttributeGroup",
    "AutoExtractor",
    "BundleError",
    "BundleNotFoundError",
    "GLiNER2",
    "GLiNER2LiteError",
    "HubError",
    "InputError",
    "InputTypeError",
    "Limits",
    "MissingExtraError",
    "RegexValidator",
    "RunError",
    "Schema",
    "SchemaError",
    "SchemaTypeError",
    "StructureBuilder",
    "WorkerError",
    "__version__",
    "instances",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gliner2_lite' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
