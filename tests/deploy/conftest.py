"""The gateway and the providers of the end-to-end tests; nginx stands in front of them here."""

from tests.e2e.conftest import extra, first, gateway, one, second, server, two

__all__ = ["extra", "first", "gateway", "one", "second", "server", "two"]
