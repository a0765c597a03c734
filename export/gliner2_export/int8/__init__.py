"""The int8 graph: calibration, plan, rounding and rewriting, until the loss of accuracy is within bounds."""
