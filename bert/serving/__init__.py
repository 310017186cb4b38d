"""Trained models in use: from Python, in pipes, as vectors."""
