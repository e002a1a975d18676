"""The least that a gateway on this server can do: `python -m … hypercorn|uvicorn PORT UPSTREAM`.

Parse the body, set `model`, forward it by a pooled session, send back what comes. No key, no
routing, no log, no metrics.
"""

import sys
from typing import Any

import aiohttp
import orjson
import uvloop


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
        body = {**orjson.loads(raw), "model": "x"}
        headers = {"content-type": "application/json"}
        async with self._session.post(
            self._url, data=orjson.dumps(body), headers=headers
        ) as answer:
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
        app = Relay(session, f"{upstream}/chat/completions")
        if server == "uvicorn":
            import uvicorn

            config = uvicorn.Config(
                app, port=port, http="httptools", lifespan="off", log_level="error"
            )
            await uvicorn.Server(config).serve()
            return
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        settings = Config()
        settings.bind = [f"127.0.0.1:{port}"]
        settings.errorlog = None
        settings.keep_alive_max_requests = 10**9
        relay: Any = app
        await serve(relay, settings, mode="asgi")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
