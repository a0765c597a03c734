"""The span architecture: every span of a few words is scored for every label."""
