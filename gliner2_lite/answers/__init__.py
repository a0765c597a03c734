"""Typed answers → results: overlap policies, merging of the windows of long texts, the public JSON shapes."""
