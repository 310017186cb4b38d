"""Families of encoders: one file each says all that the others ask of it."""
