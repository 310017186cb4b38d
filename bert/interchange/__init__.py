"""Models as other libraries keep them: Hugging Face folders, and back."""
