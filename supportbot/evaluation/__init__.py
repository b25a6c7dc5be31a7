"""Datasets → metrics, and the benches of the hot paths."""
