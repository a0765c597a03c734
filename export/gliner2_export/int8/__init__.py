"""The int8 graph: calibrated, planned, rounded and rewritten, until what it costs is within the bounds."""
