"""From an example, text, to features, records and batches."""
