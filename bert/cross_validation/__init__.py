"""Cross-validation: a model a fold, and what they find together."""
