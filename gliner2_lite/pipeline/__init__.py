"""The stages one after the other for a text, a list, a stream and worker processes."""
