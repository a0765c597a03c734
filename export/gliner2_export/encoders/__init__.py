"""Transformers encoders in a form whose traced graph is cheap on CPUs; any other is traced as it is."""
