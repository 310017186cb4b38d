"""From an example, text, to features, records and the batches of an input_fn."""
