"""The compact vocabulary: tokenizer.json as a file that the runtime maps and reads without ``tokenizers``."""
