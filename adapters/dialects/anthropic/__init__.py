"""Anthropic Messages, translated to and from the pivot.

Source: https://platform.claude.com/docs/en/api/messages (read 2026-11).
"""

from adapters.dialects import Translation
from adapters.dialects.anthropic.from_chat.replies import reply as reply_to_chat
from adapters.dialects.anthropic.from_chat.requests import no_word_for as chat_alone
from adapters.dialects.anthropic.from_chat.requests import request as request_from_chat
from adapters.dialects.anthropic.from_chat.streams import StreamToChat
from adapters.dialects.anthropic.to_chat.replies import reply as reply_from_chat
from adapters.dialects.anthropic.to_chat.requests import no_word_for as anthropic_alone
from adapters.dialects.anthropic.to_chat.requests import request as request_to_chat
from adapters.dialects.anthropic.to_chat.streams import StreamFromChat

FROM_CHAT = Translation(
    request=request_from_chat,
    reply=reply_to_chat,
    stream=StreamToChat,
    droppable=chat_alone,
)

TO_CHAT = Translation(
    request=request_to_chat,
    reply=reply_from_chat,
    stream=StreamFromChat,
    droppable=anthropic_alone,
)
