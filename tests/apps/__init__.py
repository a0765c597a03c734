"""The integrations inside the real frameworks; .venv-apps has them."""
