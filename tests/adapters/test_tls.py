"""TLS towards providers: a certificate that nobody vouches for is never accepted."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.errors import Failure, Kind
from adapters.http import Http
from adapters.provider import Upstream as Request
from adapters.types import Timeouts

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed to make a key")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    assert OPENSSL
    subprocess.run(
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


@pytest.fixture
async def port(certificate: Path) -> AsyncIterator[int]:
    """A provider that says yes to everything, over TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_an_unknown_authority_is_refused_and_nothing_is_sent(port: int) -> None:
    async with Http() as http:
        with pytest.raises(Failure) as caught:
            await http.post(Request(f"https://localhost:{port}/", b"{}"), Timeouts(), "k")

    assert caught.value.kind is Kind.TRANSIENT
    assert "certificate" in caught.value.message


async def test_a_certificate_for_another_name_is_refused(port: int, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    async with Http(ssl_context=trusting) as http:
        with pytest.raises(Failure) as caught:
            await http.post(Request(f"https://127.0.0.1:{port}/", b"{}"), Timeouts(), "k")

    assert "certificate" in caught.value.message


async def test_a_certificate_that_is_vouched_for_is_accepted(port: int, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    async with Http(ssl_context=trusting) as http:
        answer = await http.post(Request(f"https://localhost:{port}/", b"{}"), Timeouts(), "k")

        assert await answer.document() == b"{}"
        await answer.close(finished=True)
