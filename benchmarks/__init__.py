"""Compares this project with transformers; scripts/benchmark.sh runs it."""
