"""Trained models in use: from Python, in pipes, over HTTP, as Hugging Face folders."""
