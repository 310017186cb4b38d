"""Measures this project beside transformers; scripts/benchmark.sh runs it."""
