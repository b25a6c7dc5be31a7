"""A model server for the tests of this package."""

from tests.llm.fixtures import model_server, route

__all__ = ["model_server", "route"]
