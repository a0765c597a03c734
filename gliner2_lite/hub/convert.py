"""A checkpoint in the Hub cache → a bundle beside it, through the exporter of the extra ``export``."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from types import ModuleType

from gliner2_lite.errors import MissingExtraError
from gliner2_lite.hub.cache import CONVERTED_VARIANT

log = logging.getLogger("gliner2_lite")


def load_exporter() -> ModuleType:
    """The module that exports checkpoints; importing it loads torch.

    Raises:
        MissingExtraError: its packages are not installed.
    """
    try:
        return importlib.import_module("gliner2_export.export")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"export=True needs the module {error.name!r}, which is not installed: run "
            'pip install "gliner2-lite[export]", or convert elsewhere with `gliner2-lite export`'
        ) from error


def convert_into(
    exporter: ModuleType, checkpoint: Path, place: Path, variant: str | None, *, overwrite: bool
) -> None:
    """Convert ``checkpoint`` to the bundle ``place``, which is complete or not there at all.

    Raises:
        ExportError: the checkpoint cannot be converted.
    """
    log.warning("converting %s once; the bundle is kept in %s", checkpoint, place)
    exporter.export_checkpoint(
        checkpoint, place, variants=(variant or CONVERTED_VARIANT,), overwrite=overwrite
    )
