"""The version, in one place: packaging, ``gliner2_lite.__version__`` and bundle manifests read it here."""

from __future__ import annotations

__version__ = "0.1.0"
