import asyncio
import copy
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters import fetch as module
from adapters.errors import BadRequest
from adapters.fetch import COUNT_LIMIT, IMAGE_LIMIT, Address, Fetch, inlined, is_public, sniffed
from adapters.types import Json
from tests.upstream import Script, Seen, Upstream, Wire

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ANY_PORT = range(65536)


def answer(body: bytes, status: int = 200, **headers: str) -> Script:
    async def play(wire: Wire, _: Seen) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await wire.head(status, {**named, "content-length": str(len(body))})
        await wire.raw(body)

    return play


def redirect(location: str) -> Script:
    return answer(b"", 302, location=location)


def loopback(address: Address) -> bool:
    return address.is_loopback


@pytest.fixture
async def site() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def fetch() -> AsyncIterator[Fetch]:
    async with Fetch(allowed=loopback, ports=ANY_PORT) as opened:
        yield opened


# What is fetched

MEDIA = {
    "what the bytes tell": (PNG, "text/plain", "image/png"),
    "not what the header tells": (b"\xff\xd8\xff\xe0rest", "image/png", "image/jpeg"),
    "a gif": (b"GIF89a...", "", "image/gif"),
    "webp": (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
    "a pdf": (b"%PDF-1.7", "application/octet-stream", "application/pdf"),
    "an image of another kind": (b"....ftypavif", "image/avif; q=1", "image/avif"),
}


@pytest.mark.parametrize("name", MEDIA)
async def test_an_image_is_fetched_and_known_by_its_bytes(
    name: str, fetch: Fetch, site: Upstream
) -> None:
    body, kind, media = MEDIA[name]
    site.play(answer(body, content_type=kind))

    assert await fetch(f"{site.url}/a") == (media, body)


async def test_neither_cookies_nor_anything_of_ours_is_sent(fetch: Fetch, site: Upstream) -> None:
    site.play(answer(PNG, set_cookie="a=b"), answer(PNG))

    await fetch(f"{site.url}/a")
    await fetch(f"{site.url}/b")

    seen = site.requests[1].headers
    assert not {"cookie", "authorization", "referer"} & set(seen)
    assert seen["accept-encoding"] == "identity"


async def test_environment_proxies_are_not_asked(
    fetch: Fetch, site: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.play(answer(PNG))

    assert (await fetch(f"{site.url}/a"))[0] == "image/png"


REFUSED: Mapping[str, tuple[Script, str]] = {
    "a page": (answer(b"<html>secret", content_type="text/html"), "no image"),
    "json": (answer(b'{"secret": 1}', content_type="application/json"), "no image"),
    "not there": (answer(b"secret", 404), "cannot be fetched"),
    "an error": (answer(b"secret", 500), "cannot be fetched"),
    "part of it": (answer(PNG, 206), "cannot be fetched"),
    "compressed": (answer(PNG, content_encoding="gzip"), "compressed"),
    "no http": (lambda wire, _: wire.raw(b"secret-220 ftp\r\n\r\n"), "cannot be fetched"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_image_is_refused_and_not_quoted(
    name: str, fetch: Fetch, site: Upstream
) -> None:
    script, message = REFUSED[name]
    site.play(script)

    with pytest.raises(BadRequest, match=message) as caught:
        await fetch(f"{site.url}/a")

    assert "secret" not in str(caught.value)


async def test_what_says_that_it_is_too_large_is_not_read(fetch: Fetch, site: Upstream) -> None:
    async def large(wire: Wire, seen: Seen) -> None:
        await wire.head(200, {"content-length": str(IMAGE_LIMIT + 1)})
        await seen.closed.wait()

    site.play(large)

    with pytest.raises(BadRequest, match="larger than 20 MB"):
        await fetch(f"{site.url}/a")


async def test_what_does_not_end_is_left_when_it_is_too_large(fetch: Fetch, site: Upstream) -> None:
    async def endless(wire: Wire, _: Seen) -> None:
        await wire.head(200, {"transfer-encoding": "chunked", "content-type": "image/png"})
        while True:
            await wire.chunk(bytes(2**20))

    site.play(endless)

    with pytest.raises(BadRequest, match="larger than 20 MB"):
        await fetch(f"{site.url}/a")
    await asyncio.wait_for(site.requests[0].closed.wait(), 10)


# Where one may not look

ADDRESSES = {
    "ftp://example.com/a.png": "not one of http",
    "file:///etc/passwd": "not one of http",
    "gopher://example.com/": "not one of http",
    "//example.com/a.png": "not one of http",
    "https:///a.png": "not one of http",
    "http://user:word@example.com/a.png": "user or a password",
    "http://user@example.com/a.png": "user or a password",
    "http://example.com:22/": "a port",
    "https://example.com:8443/": "a port",
    "http://example.com:99999/": "cannot be fetched",
    "http://[::1/": "cannot be fetched",
}


@pytest.mark.parametrize("url", ADDRESSES)
async def test_addresses_of_the_wrong_kind_are_refused(url: str) -> None:
    async with Fetch() as fetch:
        with pytest.raises(BadRequest, match=ADDRESSES[url]):
            await fetch(url)


PRIVATE = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.8.8"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"),
    *("64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1"),
    *("2002:808:808::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1"),
    *("ff02::1", "5f00::1"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_known(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111"])
def test_what_is_public_is_known(address: str) -> None:
    assert is_public(ip_address(address))


class Names(AbstractResolver):
    """Says of every name what it is told to, the last thing for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.AF_INET6 if ":" in found else socket.AF_INET
        return [ResolveResult(hostname=host, host=found, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None: ...


HOSTS = ["127.0.0.1", "[::1]", "localhost", "127.1", "2130706433", "0x7f000001", "0", "[::]"]


@pytest.mark.parametrize("host", HOSTS)
async def test_the_machine_itself_is_not_connected_to(host: str, site: Upstream) -> None:
    site.play(answer(PNG))

    async with Fetch(ports=ANY_PORT) as fetch:
        with pytest.raises(BadRequest, match="cannot be fetched"):
            await fetch(f"http://{host}:{site.port}/a.png")

    assert (site.requests, site.connections) == ([], 0)


async def test_a_name_that_leads_inside_is_not_connected_to(site: Upstream) -> None:
    async with Fetch(ports=ANY_PORT, resolver=Names("127.0.0.1")) as fetch:
        with pytest.raises(BadRequest, match="cannot be fetched"):
            await fetch(f"http://images.example:{site.port}/a.png")

    assert site.connections == 0


async def test_a_name_that_means_something_else_the_next_time_gains_nothing(
    site: Upstream,
) -> None:
    site.play(redirect("/again"), answer(PNG))
    told: list[str] = []

    def first_only(address: Address) -> bool:
        told.append(str(address))
        return str(address) == "127.0.0.1"

    names = Names("127.0.0.1", "127.0.0.2")
    async with Fetch(allowed=first_only, ports=ANY_PORT, resolver=names) as fetch:
        with pytest.raises(BadRequest, match="cannot be fetched"):
            await fetch(f"http://images.example:{site.port}/a.png")

    assert (told, len(site.requests)) == (["127.0.0.1", "127.0.0.2"], 1)


async def test_refused_and_unreachable_are_not_told_apart(site: Upstream) -> None:
    async with Fetch(ports=ANY_PORT) as shut, Fetch(allowed=loopback, ports=ANY_PORT) as door:
        told = []
        for fetch, port in ((shut, site.port), (door, 9)):
            with pytest.raises(BadRequest) as caught:
                await fetch(f"http://127.0.0.1:{port}/")
            told.append((str(caught.value), caught.value.__cause__))

    assert told[0] == told[1]


# Redirects


async def test_redirects_are_followed_three_times(fetch: Fetch, site: Upstream) -> None:
    site.play(redirect("/b"), redirect(f"{site.url}/c"), redirect("d"), answer(PNG))

    assert await fetch(f"{site.url}/a") == ("image/png", PNG)
    assert [seen.path for seen in site.requests] == ["/a", "/b", "/c", "/d"]


async def test_and_no_fourth_time(fetch: Fetch, site: Upstream) -> None:
    site.play(*[redirect("/x")] * 5)

    with pytest.raises(BadRequest, match="too often"):
        await fetch(f"{site.url}/a")
    assert len(site.requests) == 4


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("file:///etc/passwd", "not one of http"),
        ("http://u:p@127.0.0.1/", "user or a password"),
        ("http://[fe80::1]/", "cannot be fetched"),
        ("http://169.254.169.254/latest/meta-data/", "cannot be fetched"),
        ("http://[", "cannot be fetched"),
    ],
)
async def test_a_redirect_is_looked_at_like_the_first_address(
    location: str, message: str, fetch: Fetch, site: Upstream
) -> None:
    site.play(redirect(location))

    with pytest.raises(BadRequest, match=message):
        await fetch(f"{site.url}/a")
    assert len(site.requests) == 1


async def test_a_redirect_to_another_port_is_refused(site: Upstream) -> None:
    site.play(redirect("http://127.0.0.1:22/"))

    async with Fetch(allowed=loopback, ports={site.port}) as fetch:
        with pytest.raises(BadRequest, match="a port"):
            await fetch(f"{site.url}/a")


# Bodies

A, B, DOCUMENT = "https://x.example/a.png", "HTTP://x.example/b.png", "https://x.example/d.pdf"
BYTES = {A: ("image/png", PNG), B: ("image/jpeg", b"jpeg"), DOCUMENT: ("application/pdf", b"%PDF-")}


class Shelf:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, url: str) -> tuple[str, bytes]:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in BYTES:
            raise BadRequest("the address cannot be fetched")
        return BYTES[url]


def data_url(url: str) -> str:
    media, data = BYTES[url]
    return f"data:{media};base64,{b64encode(data).decode()}"


def user(*parts: Any) -> Json:
    return {"model": "m", "messages": [{"role": "user", "content": list(parts)}]}


TEXT = {"type": "text", "text": A}
PARTS: Mapping[str, tuple[Json, Json]] = {
    "an image": (
        {"type": "image_url", "image_url": {"url": A, "detail": "low"}, "x": 1},
        {"type": "image_url", "image_url": {"url": data_url(A), "detail": "low"}, "x": 1},
    ),
    "an image in short": (
        {"type": "image_url", "image_url": B},
        {"type": "image_url", "image_url": {"url": data_url(B)}},
    ),
    "a file": (
        {"type": "file", "file": {"file_data": DOCUMENT, "filename": "d.pdf"}},
        {"type": "file", "file": {"file_data": data_url(DOCUMENT), "filename": "d.pdf"}},
    ),
    "a file named by address": (
        {"type": "file", "file": {"file_id": DOCUMENT}},
        {"type": "file", "file": {"file_data": data_url(DOCUMENT)}},
    ),
    "Anthropic's block": (
        {"type": "image", "source": {"type": "url", "url": B}, "cache_control": {}},
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/jpeg",
                "data": b64encode(b"jpeg").decode(),
            },
            "cache_control": {},
        },
    ),
    "in a tool's result": (
        {"type": "tool_result", "content": [TEXT, {"type": "image_url", "image_url": A}]},
        {
            "type": "tool_result",
            "content": [TEXT, {"type": "image_url", "image_url": {"url": data_url(A)}}],
        },
    ),
}


@pytest.mark.parametrize("name", PARTS)
async def test_bytes_take_the_place_of_an_address(name: str) -> None:
    given, wanted = PARTS[name]
    body = user(TEXT, given)
    before = copy.deepcopy(body)

    assert await inlined(body, Shelf()) == user(TEXT, wanted)
    assert body == before


UNTOUCHED: Mapping[str, Json] = {
    "text": user(TEXT),
    "bytes already": user({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}),
    "a bucket": user({"type": "image_url", "image_url": {"url": "gs://b/a.png"}}),
    "a file's id": user({"type": "file", "file": {"file_id": "file-1"}}),
    "plain content": {"messages": [{"role": "user", "content": A}]},
    "odd shapes": {"messages": [None, {"content": [None, 3, {"type": "image_url"}]}, 5]},
    "no messages": {"input": A},
}


@pytest.mark.parametrize("name", UNTOUCHED)
async def test_a_body_without_addresses_is_returned_itself(name: str) -> None:
    shelf = Shelf()

    assert await inlined(UNTOUCHED[name], shelf) is UNTOUCHED[name]
    assert shelf.asked == []


async def test_an_image_shown_twice_is_fetched_once() -> None:
    image = {"type": "image_url", "image_url": {"url": A}}
    shelf = Shelf()

    body = await inlined(user(image, image), shelf)

    assert shelf.asked == [A]
    assert [part["image_url"]["url"] for part in body["messages"][0]["content"]] == [
        data_url(A)
    ] * 2


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "image_url", "image_url": {"url": "http://gone"}}, "image_url.url"),
        ({"type": "image_url", "image_url": "http://gone"}, "image_url"),
        ({"type": "file", "file": {"file_data": "http://gone"}}, "file.file_data"),
        ({"type": "image", "source": {"type": "url", "url": "http://gone"}}, "source.url"),
        ({"content": [{"type": "image_url", "image_url": "http://gone"}]}, "content[0].image_url"),
    ],
)
async def test_what_cannot_be_had_is_told_by_its_field(part: Json, field: str) -> None:
    with pytest.raises(BadRequest, match="cannot be fetched") as caught:
        await inlined(user(TEXT, part), Shelf())

    assert caught.value.param == f"messages[0].content[1].{field}"
    assert caught.value.code == "invalid_image_url"


async def test_the_first_that_fails_stops_the_others() -> None:
    stopped = asyncio.Event()

    async def fetch(url: str) -> tuple[str, bytes]:
        if url == A:
            raise BadRequest("no")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        raise AssertionError

    parts = [{"type": "image_url", "image_url": url} for url in (B, A)]
    with pytest.raises(BadRequest):
        await inlined(user(*parts), fetch)

    assert stopped.is_set()


async def test_too_many_addresses_are_refused_before_any_is_fetched() -> None:
    shelf = Shelf()
    parts = [{"type": "image_url", "image_url": f"{A}?{n}"} for n in range(COUNT_LIMIT + 1)]

    with pytest.raises(BadRequest, match="more than 50"):
        await inlined(user(*parts), shelf)
    assert shelf.asked == []


async def test_too_much_together_is_refused() -> None:
    async def fetch(_: str) -> tuple[str, bytes]:
        return "image/png", block

    block = bytes(module.TOTAL_LIMIT // 3)
    parts = [{"type": "image_url", "image_url": f"{A}?{n}"} for n in range(4)]

    with pytest.raises(BadRequest, match="larger than 64 MB together"):
        await inlined(user(*parts), fetch)


def test_bytes_that_tell_nothing_have_no_type() -> None:
    assert [sniffed(data) for data in (b"", b"RIFF", b"<svg/>", b"RIFF....WAVE")] == [""] * 4
