"""A provider that answers at once, so that what is measured is the gateway. `python -m … PORT`.

A `stream` request gets 100 events and an end, all at once, or one every 20 ms if its `user` is
`paced`; any other request gets a document of about 1 KB.
"""

import asyncio
import sys
from typing import cast

import uvloop

EVENTS = 100
PACE_S = 0.02

_DOCUMENT = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06",'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":"' + b"x" * 700 + b'"},'
    b'"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}'
)
_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
    b'"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1","choices":[{"index":0,'
    b'"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
)
_END = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
    b'"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"choices":[],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}\n\n'
    b"data: [DONE]\n\n"
)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_OK = b"HTTP/1.1 200 OK\r\ncontent-type: "
_WHOLE = _OK + b"application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_DOCUMENT), _DOCUMENT)
_HEAD = _OK + b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LAST = _chunk(_END) + b"0\r\n\r\n"
_BURST = _HEAD + _chunk(_EVENT) * EVENTS + _LAST


class Source(asyncio.Protocol):
    def __init__(self) -> None:
        self._read = b""
        self._streams: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such base

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, blank, rest = self._read.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        body, self._read = rest[:length], rest[length:]
        if b'"stream":true' not in body:
            self._transport.write(_WHOLE)
        elif b'"user":"paced"' in body:
            stream = asyncio.get_running_loop().create_task(self._paced())
            self._streams.add(stream)
            stream.add_done_callback(self._streams.discard)
        else:
            self._transport.write(_BURST)

    async def _paced(self) -> None:
        self._transport.write(_HEAD)
        for _ in range(EVENTS):
            self._transport.write(_chunk(_EVENT))
            await asyncio.sleep(PACE_S)
        self._transport.write(_LAST)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Source, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
