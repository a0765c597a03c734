"""The Hugging Face Hub: a repository becomes a directory in the cache, a bundle becomes a repository."""
