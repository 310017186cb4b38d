"""Trained models in use: from Python, in pipes, over HTTP, at Hugging Face."""
