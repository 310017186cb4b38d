"""From raw text to instances and to a pre-trained encoder."""
