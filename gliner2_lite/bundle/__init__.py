"""The bundle: one directory that holds an exported model, described by a manifest."""
