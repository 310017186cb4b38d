"""Cross-validation: a model per fold, and their joint results."""
