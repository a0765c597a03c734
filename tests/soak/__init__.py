"""One process that answers for a long time: ``python -m tests.soak --minutes 30``."""
