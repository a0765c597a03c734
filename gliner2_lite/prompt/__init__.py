"""Schema and text → words: what the encoder reads, and which of the words is whose marker."""
