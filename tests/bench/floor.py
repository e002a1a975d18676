"""The least that a gateway on this server can do.

    python -m tests.bench.floor hypercorn|uvicorn|aiohttp PORT UPSTREAM

Parse the body, set `model`, forward it by a pooled session, send back what comes. No key, no
routing, no log, no metrics.
"""

import asyncio
import sys
from typing import Any

import aiohttp
import orjson
import uvloop

_JSON = {"content-type": "application/json"}
_NOTHING = b"{}"  # what a GET says, by which the bench sees that we are there
_LARGEST = 2**24  # bytes of a request


class Relay:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        raw = b""
        more = True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        body = {**orjson.loads(raw or _NOTHING), "model": "x"}
        data = orjson.dumps(body)
        async with self._session.post(self._url, data=data, headers=_JSON) as answer:
            kind = answer.headers["content-type"].encode()
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-type", kind)],
                }
            )
            async for data in answer.content.iter_any():
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def main(server: str, port: int, upstream: str) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        url = f"{upstream}/chat/completions"
        relay: Any = Relay(session, url)
        match server:
            case "hypercorn":
                await _hypercorn(relay, port)
            case "uvicorn":
                await _uvicorn(relay, port)
            case _:
                await _aiohttp(session, url, port)


async def _hypercorn(relay: Any, port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    settings = Config()
    settings.bind = [f"127.0.0.1:{port}"]
    settings.errorlog = None
    settings.keep_alive_max_requests = 10**9
    await serve(relay, settings, mode="asgi")


async def _uvicorn(relay: Any, port: int) -> None:
    import uvicorn

    config = uvicorn.Config(relay, port=port, http="httptools", lifespan="off", log_level="error")
    await uvicorn.Server(config).serve()


async def _aiohttp(session: aiohttp.ClientSession, url: str, port: int) -> None:
    """The same as a handler of aiohttp's own server."""
    from aiohttp import web

    async def relay(request: web.Request) -> web.StreamResponse:
        body = {**orjson.loads(await request.read() or _NOTHING), "model": "x"}
        async with session.post(url, data=orjson.dumps(body), headers=_JSON) as answer:
            headers = {"content-type": answer.headers["content-type"]}
            if answer.content_length is not None:
                return web.Response(body=await answer.read(), headers=headers)
            out = web.StreamResponse(headers=headers)
            await out.prepare(request)
            async for data in answer.content.iter_any():
                await out.write(data)
            await out.write_eof()
            return out

    app = web.Application(client_max_size=_LARGEST)
    app.router.add_route("*", "/{path:.*}", relay)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
