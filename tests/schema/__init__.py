"""Tests of gliner2_lite.schema."""
