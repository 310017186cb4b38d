"""Trained models that answer: in Python, in pipes, over HTTP, as Hugging Face folders."""
