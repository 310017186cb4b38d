"""Using trained models: from Python, in pipes, as vectors."""
