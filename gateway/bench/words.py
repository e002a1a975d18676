"""What the measured provider says, in the words of three: whole answers and streams, as bytes.

Shapes and sizes are those of real answers, with the headers that tell what is left of an
allowance: to read them is a part of what the gateway does.

Sources (read 2026-11): https://platform.openai.com/docs/api-reference/chat,
https://docs.claude.com/en/api/messages-streaming, https://ai.google.dev/api/generate-content.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.types import Dialect

EVENTS = 100  # with content, in a stream
LONE = (
    b"first-alone"  # in a prompt: the rest of the stream comes a little later than its first word
)

_OK = b"HTTP/1.1 200 OK\r\n"
_TEXT = b"x" * 700


@dataclass(frozen=True, slots=True)
class Words:
    """One dialect. `opening` is what a stream says before its content."""

    document: bytes
    opening: bytes
    event: bytes
    ending: bytes
    headers: bytes = b""

    def whole(self) -> bytes:
        """An answer that is no stream."""
        head = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n"
        return _OK + self.headers + head % len(self.document) + self.document

    def begun(self) -> bytes:
        """The head of a stream, and its first event with content."""
        head = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        return _OK + self.headers + head + _chunk(self.opening + self.event)

    def rest(self) -> bytes:
        """All that follows; every event a chunk of its own, as they come from providers."""
        return _chunk(self.event) * (EVENTS - 1) + _chunk(self.ending) + b"0\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_CHUNK = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o",'
    b'"system_fingerprint":"fp_1","choices":[{"index":0,"delta":%b,"logprobs":null,'
    b'"finish_reason":%b}],"usage":null}\n\n'
)
_USAGE = b'"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}'
_OPENAI = Words(
    document=(
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":'
        b'[{"index":0,"message":{"role":"assistant","content":"' + _TEXT + b'"},'
        b'"finish_reason":"stop"}],' + _USAGE + b"}"
    ),
    opening=_CHUNK % (b'{"role":"assistant","content":""}', b"null"),
    event=_CHUNK % (b'{"content":" hello"}', b"null"),
    ending=_CHUNK
    % (b"{}", b'"stop"')
    + b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o",'
    b'"choices":[],' + _USAGE + b"}\n\ndata: [DONE]\n\n",
    headers=(
        b"x-ratelimit-limit-requests: 1000000\r\nx-ratelimit-remaining-requests: 999999\r\n"
        b"x-ratelimit-reset-requests: 6ms\r\nx-ratelimit-limit-tokens: 1000000000\r\n"
        b"x-ratelimit-remaining-tokens: 999999980\r\nx-ratelimit-reset-tokens: 1ms\r\n"
    ),
)

_MESSAGE = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":%b,'
    b'"stop_reason":%b,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":20}}'
)
_ANTHROPIC = Words(
    document=_MESSAGE % (b'[{"type":"text","text":"' + _TEXT + b'"}]', b'"end_turn"'),
    opening=b'event: message_start\ndata: {"type":"message_start","message":'
    + _MESSAGE % (b"[]", b"null")
    + b'}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n',
    event=(
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":" hello"}}\n\n'
    ),
    ending=(
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        b'"stop_sequence":null},"usage":{"output_tokens":20}}\n\n'
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
    headers=(
        b"anthropic-ratelimit-requests-limit: 1000000\r\n"
        b"anthropic-ratelimit-requests-remaining: 999999\r\n"
        b"anthropic-ratelimit-tokens-limit: 1000000000\r\n"
        b"anthropic-ratelimit-tokens-remaining: 999999980\r\n"
    ),
)

_CANDIDATE = (
    b'{"candidates":[{"content":{"parts":[{"text":"%b"}],"role":"model"}%b,"index":0}],'
    b'"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20,"totalTokenCount":30},'
    b'"modelVersion":"gemini-2.5-flash","responseId":"r1"}'
)
_FINISHED = b',"finishReason":"STOP"'
_GEMINI = Words(
    document=_CANDIDATE % (_TEXT, _FINISHED),
    opening=b"",
    event=b"data: " + _CANDIDATE % (b" hello", b"") + b"\r\n\r\n",
    ending=b"data: " + _CANDIDATE % (b"", _FINISHED) + b"\r\n\r\n",
)

SPOKEN: Mapping[Dialect, Words] = {
    Dialect.OPENAI_CHAT: _OPENAI,
    Dialect.ANTHROPIC_MESSAGES: _ANTHROPIC,
    Dialect.GEMINI_GENERATE: _GEMINI,
}


def path(dialect: Dialect, *, stream: bool) -> str:
    """Where on the measured provider that is answered."""
    return f"/{dialect}/stream" if stream else f"/{dialect}"
