"""A model server and the short way to a question, for the tests of this package."""

from tests.llm.fixtures import model_server, route

__all__ = ["model_server", "route"]
