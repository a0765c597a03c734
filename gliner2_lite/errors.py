"""Every error this package raises on purpose, as one class hierarchy.

Each class is also the built-in kind that callers already catch (``ValueError``, ``TypeError``,
``FileNotFoundError``), so ``except ValueError`` written for the reference keeps working. A message
names the file, field or value that is wrong and says what to write instead.
"""

from __future__ import annotations


class GLiNER2LiteError(Exception):
    """Base of all errors raised by gliner2_lite."""


class SchemaError(GLiNER2LiteError, ValueError):
    """A schema, label, field, threshold or validator is not usable."""


class SchemaTypeError(SchemaError, TypeError):
    """A schema part has the wrong Python type."""


class InputError(GLiNER2LiteError, ValueError):
    """A text or call argument is not usable."""


class InputTypeError(InputError, TypeError):
    """A text or call argument has the wrong Python type."""


class BundleError(GLiNER2LiteError, ValueError):
    """A bundle directory is damaged, of another format version, or not a bundle."""


class BundleNotFoundError(BundleError, FileNotFoundError):
    """A bundle, or a file that its manifest names, is not there."""


class HubError(GLiNER2LiteError, OSError):
    """A repository could not be resolved or downloaded."""


class AnswerError(GLiNER2LiteError, ValueError):
    """A result does not fit the class that instances of it are wanted of."""


class WorkerError(GLiNER2LiteError, RuntimeError):
    """A worker process could not be started, or died; results that were not yet given are lost."""


class RunError(GLiNER2LiteError, RuntimeError):
    """A loaded model could not run: no memory, or this process was forked after it was loaded."""


class MissingExtraError(GLiNER2LiteError, ImportError):
    """A command needs packages of an optional extra that is not installed."""


class ExportError(GLiNER2LiteError, ValueError):
    """A checkpoint cannot be exported as asked; nothing was written."""


class CheckpointError(ExportError):
    """A checkpoint or adapter directory is damaged or of a kind that is not supported."""


class CheckpointNotFoundError(CheckpointError, FileNotFoundError):
    """A checkpoint directory, or a file that it must have, is not there."""
