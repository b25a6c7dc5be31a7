"""A model server for the tests of this package."""

from tests.llm.fixtures import model_server

__all__ = ["model_server"]
