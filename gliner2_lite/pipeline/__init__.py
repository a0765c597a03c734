"""From texts to results, stage by stage: one text, a list, a stream, and worker processes."""
