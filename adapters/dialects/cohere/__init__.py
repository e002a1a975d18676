"""Cohere's chat, version 2, translated from the pivot.

Source: https://docs.cohere.com/reference/chat (read 2026-11).
"""

from adapters.dialects import Translation
from adapters.dialects.cohere.replies import reply
from adapters.dialects.cohere.requests import no_word_for, request
from adapters.dialects.cohere.streams import StreamToChat

FROM_CHAT = Translation(
    request=request,
    reply=reply,
    stream=StreamToChat,
    droppable=no_word_for,
)
