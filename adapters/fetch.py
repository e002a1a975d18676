"""Images that a client gives by address, fetched for providers that take bytes only.

Whoever may call a model may make us ask for any address, so this is a door to our own network
unless it is kept shut (server-side request forgery). What is checked is the address that a socket
is about to be connected to: names may resolve to anything, and to something else a moment later.
Redirects are followed by hand, each like the first. Nothing of what is refused is told apart from
what cannot be reached, and no word of an answer is quoted.

Source: https://cheatsheetseries.owasp.org/cheatsheets/
Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html and
https://www.iana.org/assignments/iana-ipv6-special-registry (read 2026-11).
"""

import asyncio
import socket
from base64 import b64encode
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from adapters.errors import BadRequest
from adapters.types import Json

Got: TypeAlias = tuple[str, bytes]
"""The media type of something fetched, and its bytes."""
Address: TypeAlias = IPv4Address | IPv6Address

IMAGE_LIMIT = 20 * 2**20  # bytes; what the largest of the providers take
COUNT_LIMIT = 50  # addresses in one request
TOTAL_LIMIT = 64 * 2**20  # bytes fetched for one request
_AT_ONCE = 4
_PORTS = frozenset({80, 443})
_HOPS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TIMES = aiohttp.ClientTimeout(total=20, sock_connect=5, sock_read=10)  # seconds
_HEADERS = {"accept": "image/*, application/pdf", "accept-encoding": "identity"}
_UNREACHABLE = "the address cannot be fetched"


class Fetch:
    """Fetches what stands at public addresses. Open it once, at start.

    `allowed` says which addresses may be connected to, `ports` which ports.
    """

    def __init__(
        self,
        *,
        allowed: Callable[[Address], bool] | None = None,
        ports: Container[int] = _PORTS,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allowed = allowed or is_public
        self._ports = ports
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Fetch":
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                socket_factory=self._socket,
                resolver=self._resolver,
                use_dns_cache=False,
                force_close=True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_TIMES,
            headers=_HEADERS,
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()
        self._session = None

    async def __call__(self, url: str) -> Got:
        """The media type and the bytes of an image or a PDF.

        Raises:
            BadRequest: there is none, it is too large, or one may not look there.
        """
        try:
            async with asyncio.timeout(_TIMES.total):
                return await self._follow(URL(url))
        except (aiohttp.ClientError, OSError, ValueError):  # TimeoutError is an OSError
            raise BadRequest(_UNREACHABLE) from None

    async def _follow(self, url: URL) -> Got:
        if self._session is None:
            raise RuntimeError("Fetch is not open")
        for _ in range(1 + _HOPS):
            self._check(url)
            async with self._session.get(url, allow_redirects=False) as answer:
                if answer.status not in _REDIRECTS:
                    return await _read(answer)
                url = url.join(URL(answer.headers.get("location", "")))
        raise BadRequest("the address is redirected too often")

    def _check(self, url: URL) -> None:
        if url.scheme not in {"http", "https"} or not url.host:
            raise BadRequest("the address is not one of http or https")
        if url.user or url.password:
            raise BadRequest("the address must not hold a user or a password")
        if url.port not in self._ports:
            raise BadRequest("the address has a port that is not allowed")

    def _socket(self, found: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = found
        if not self._allowed(ip_address(str(place[0]))):
            raise PermissionError(_UNREACHABLE)
        return socket.socket(family, kind, protocol)


async def inlined(body: Json, fetch: Callable[[str], Awaitable[Got]]) -> Json:
    """A body of messages with the bytes in place of every address of an image or a file, in
    OpenAI's parts or Anthropic's blocks. The same body if there is none; it is never changed.

    Raises:
        BadRequest: one of them cannot be had; `param` says which, as `messages[0].content[1]...`.
    """
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    places: dict[str, str] = {}
    for index, message in enumerate(messages):
        for param, url in _addresses(message, f"messages[{index}]"):
            places.setdefault(url, param)
    if not places:
        return body
    if len(places) > COUNT_LIMIT:
        raise BadRequest(f"more than {COUNT_LIMIT} images are given by address", param="messages")
    got = await _gathered(places, fetch)
    return {**body, "messages": [_filled(message, got) for message in messages]}


async def refused(body: Json) -> Json:
    """The same body, if no image or file in it is given by address.

    Raises:
        BadRequest: one is, and nobody is allowed to fetch it; `param` says which.
    """
    messages = body.get("messages")
    for index, message in enumerate(messages if isinstance(messages, list) else ()):
        for param, _ in _addresses(message, f"messages[{index}]"):
            raise BadRequest(
                "This model's provider takes images and files as bytes only: send a data URL. "
                "Fetching addresses is the operator's choice (general_settings.fetch_images).",
                param=param,
                code="invalid_image_url",
            )
    return body


def is_public(address: Address) -> bool:
    """Whether it belongs to the public internet, and to nothing that leads back from there.

    Of IPv6 only what is given out as global unicast counts, so neither loopback, link-local,
    unique local and multicast addresses nor IPv4 inside IPv6 (mapped, translated, tunnelled).
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    return (
        address.is_global
        and address in IPv6Network("2000::/3")
        and address.sixtofour is None
        and address.teredo is None
    )


async def _read(answer: aiohttp.ClientResponse) -> Got:
    if answer.status != 200:
        raise BadRequest(_UNREACHABLE)
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequest("the address answers with something compressed")
    if (answer.content_length or 0) > IMAGE_LIMIT:
        raise _too_large()
    data = bytearray()
    async for piece in answer.content.iter_any():
        data += piece
        if len(data) > IMAGE_LIMIT:
            raise _too_large()
    media = sniffed(data) or answer.content_type
    if not media.startswith("image/") and media != "application/pdf":
        raise BadRequest("there is no image at that address")
    return media, bytes(data)


def _too_large() -> BadRequest:
    return BadRequest(f"what stands at that address is larger than {IMAGE_LIMIT // 2**20} MB")


def sniffed(data: bytes | bytearray) -> str:
    """The media type that the bytes themselves tell; empty if they do not."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media for magic, media in _MAGIC if data.startswith(magic)), "")


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


async def _gathered(
    places: Mapping[str, str], fetch: Callable[[str], Awaitable[Got]]
) -> Mapping[str, Got]:
    """What stands at each address. Who fails first stops the others."""
    gate = asyncio.Semaphore(_AT_ONCE)
    got: dict[str, Got] = {}

    async def get(url: str, param: str) -> None:
        try:
            async with gate:
                got[url] = await fetch(url)
        except BadRequest as error:
            raise BadRequest(error.message, param=param, code="invalid_image_url") from error
        if sum(len(data) for _, data in got.values()) > TOTAL_LIMIT:
            text = f"the images given by address are larger than {TOTAL_LIMIT // 2**20} MB together"
            raise BadRequest(text, param=param)

    try:
        async with asyncio.TaskGroup() as group:
            for url, param in places.items():
                group.create_task(get(url, param))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return got


def _addresses(holder: Any, where: str) -> Iterator[tuple[str, str]]:
    """Each address in the content of a message, or of a tool's result, and what field it is in."""
    for index, part in enumerate(_parts(holder)):
        at = f"{where}.content[{index}]"
        match part:
            case {"type": "image_url", "image_url": {"url": str(url)}} if _is_address(url):
                yield f"{at}.image_url.url", url
            case {"type": "image_url", "image_url": str(url)} if _is_address(url):
                yield f"{at}.image_url", url
            case {"type": "file", "file": {"file_data": str(url)}} if _is_address(url):
                yield f"{at}.file.file_data", url
            case {"type": "file", "file": {"file_id": str(url)}} if _is_address(url):
                yield f"{at}.file.file_id", url
            case {"source": {"type": "url", "url": str(url)}} if _is_address(url):
                yield f"{at}.source.url", url
            case _:
                yield from _addresses(part, at)


def _filled(holder: Any, got: Mapping[str, Got]) -> Any:
    """The same with the bytes in place of the addresses."""
    parts = _parts(holder)
    new = [_part(part, got) for part in parts]
    if all(one is other for one, other in zip(parts, new, strict=True)):
        return holder
    return {**holder, "content": new}


def _part(part: Any, got: Mapping[str, Got]) -> Any:
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)} as image} if url in got:
            return {**part, "image_url": {**image, "url": _data_url(got[url])}}
        case {"type": "image_url", "image_url": str(url)} if url in got:
            return {**part, "image_url": {"url": _data_url(got[url])}}
        case {"type": "file", "file": {"file_data": str(url)} as file} if url in got:
            return {**part, "file": {**file, "file_data": _data_url(got[url])}}
        case {"type": "file", "file": {"file_id": str(url)} as file} if url in got:
            rest = {name: value for name, value in file.items() if name != "file_id"}
            return {**part, "file": {**rest, "file_data": _data_url(got[url])}}
        case {"source": {"type": "url", "url": str(url)}} if url in got:
            media, data = got[url]
            text = b64encode(data).decode()
            return {**part, "source": {"type": "base64", "media_type": media, "data": text}}
        case _:
            return _filled(part, got)


def _parts(holder: Any) -> list[Any]:
    content = holder.get("content") if isinstance(holder, dict) else None
    return content if isinstance(content, list) else []


def _is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


def _data_url(got: Got) -> str:
    media, data = got
    return f"data:{media};base64,{b64encode(data).decode()}"
