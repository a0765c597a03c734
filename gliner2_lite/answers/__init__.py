"""Typed answers → results: which of overlapping spans stay, long texts merged, the public shapes."""
