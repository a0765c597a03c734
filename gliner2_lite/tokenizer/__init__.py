"""Words → token ids: the compact vocabulary of a bundle, or the ``tokenizers`` library on its file."""
