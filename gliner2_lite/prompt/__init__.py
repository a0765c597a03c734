"""Schema and text → the words that the encoder reads, and the places of the task and label markers."""
