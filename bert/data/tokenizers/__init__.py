"""Vocabularies, and what splits a text by them."""
