"""What the upstream says, in the words of three providers: whole answers and streams, as bytes.

Every event with content says ` hello`, so that a client can count them in any dialect. The shapes
and sizes are those of recorded answers: an OpenAI chunk has about 260 bytes, Anthropic's 110,
Gemini's 330.
"""

from dataclasses import dataclass

WORD = b" hello"

_LIMITS_OPENAI = (
    b"x-ratelimit-limit-requests: 1000000\r\nx-ratelimit-remaining-requests: 999999\r\n"
    b"x-ratelimit-reset-requests: 6ms\r\nx-ratelimit-limit-tokens: 1000000000\r\n"
    b"x-ratelimit-remaining-tokens: 999999980\r\nx-ratelimit-reset-tokens: 1ms\r\n"
)
_LIMITS_ANTHROPIC = (
    b"anthropic-ratelimit-requests-limit: 1000000\r\n"
    b"anthropic-ratelimit-requests-remaining: 999999\r\n"
    b"anthropic-ratelimit-requests-reset: 2030-01-01T00:00:00Z\r\n"
    b"anthropic-ratelimit-tokens-limit: 1000000000\r\n"
    b"anthropic-ratelimit-tokens-remaining: 999999980\r\n"
    b"anthropic-ratelimit-tokens-reset: 2030-01-01T00:00:00Z\r\n"
)


@dataclass(frozen=True, slots=True)
class Voice:
    document: bytes
    begin: bytes  # what a stream says before its content
    event: bytes
    end: bytes
    limits: bytes  # header lines


OPENAI = Voice(
    document=(
        b'{"id":"chatcmpl-1","object":"chat.completion","created":1,'
        b'"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"' + b"x" * 700 + b'"},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}'
    ),
    begin=b"",
    event=(
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
        b'"model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1","choices":[{"index":0,'
        b'"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
    ),
    end=(
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
        b'"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{},'
        b'"finish_reason":"stop"}]}\n\n'
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
        b'"model":"gpt-4o-2024-08-06","choices":[],'
        b'"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}\n\n'
        b"data: [DONE]\n\n"
    ),
    limits=_LIMITS_OPENAI,
)

ANTHROPIC = Voice(
    document=(
        b'{"id":"msg_1","type":"message","role":"assistant",'
        b'"model":"claude-3-7-sonnet-20250219","content":[{"type":"text","text":"'
        + b"x"
        * 700
        + b'"}],"stop_reason":"end_turn","stop_sequence":null,'
        b'"usage":{"input_tokens":10,"output_tokens":20}}'
    ),
    begin=(
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1",'
        b'"type":"message","role":"assistant","model":"claude-3-7-sonnet-20250219","content":[],'
        b'"stop_reason":null,"stop_sequence":null,'
        b'"usage":{"input_tokens":10,"output_tokens":1}}}\n\n'
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
    ),
    event=(
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":" hello"}}\n\n'
    ),
    end=(
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta",'
        b'"delta":{"stop_reason":"end_turn","stop_sequence":null},'
        b'"usage":{"output_tokens":20}}\n\n'
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
    limits=_LIMITS_ANTHROPIC,
)

_GEMINI_EVENT = (
    b'data: {"candidates": [{"content": {"parts": [{"text": "%b"}],"role": "model"}%b,'
    b'"index": 0}],"usageMetadata": {"promptTokenCount": 10,"candidatesTokenCount": 20,'
    b'"totalTokenCount": 30,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 10}]},'
    b'"modelVersion": "gemini-2.5-flash","responseId": "r1"}\r\n\r\n'
)

GEMINI = Voice(
    document=(
        b'{"candidates":[{"content":{"parts":[{"text":"' + b"x" * 700 + b'"}],"role":"model"},'
        b'"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":10,'
        b'"candidatesTokenCount":20,"totalTokenCount":30},"modelVersion":"gemini-2.5-flash",'
        b'"responseId":"r1"}'
    ),
    begin=b"",
    event=_GEMINI_EVENT % (WORD, b""),
    end=_GEMINI_EVENT % (b"", b',"finishReason": "STOP"'),
    limits=b"",
)
