"""Ollama's own chat, translated from the pivot.

Source: https://docs.ollama.com/api/chat (read 2026-11).
"""

from adapters.dialects import Translation
from adapters.dialects.ollama.replies import reply
from adapters.dialects.ollama.requests import no_word_for, request
from adapters.dialects.ollama.streams import StreamToChat

FROM_CHAT = Translation(request=request, reply=reply, stream=StreamToChat, droppable=no_word_for)
