"""Lets aioresponses 0.7.9 answer for aiohttp 3.14.

It builds a `ClientResponse` itself and does not know the argument `stream_writer`, which aiohttp
asks for since 3.14. A response class of ours puts it in. Needed until aioresponses does.
"""

from typing import Any
from unittest.mock import Mock

from aiohttp import ClientResponse
from yarl import URL


class CuredResponse(ClientResponse):
    """Give it to aioresponses as `response_class`."""

    def __init__(self, method: str, url: URL, **options: Any) -> None:
        super().__init__(method, url, stream_writer=Mock(output_size=0), **options)
