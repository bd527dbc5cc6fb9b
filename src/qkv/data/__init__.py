"""Data sets that the chapters use: small, deterministic, made without a network."""
