"""Tests of the encoders see each of them at work."""

from tests.vectors import computed_each_time

__all__ = ["computed_each_time"]
