"""Answers and prompts recorded from the pinned reference, and the tools that record and replay them.

``python -m tests.golden`` records; ``tests/test_golden.py`` replays without torch. See README.md here.
"""
