"""The Hugging Face Hub: downloading a repository into the cache, and uploading a bundle to a repository."""
