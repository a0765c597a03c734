"""A bundle's directory → a loaded model: found, checked, compiled for this machine where that pays."""
