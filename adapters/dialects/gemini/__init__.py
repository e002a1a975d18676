"""Google's Gemini, translated from the pivot: AI Studio and Vertex AI both speak it.

Source: https://ai.google.dev/api/generate-content (read 2026-11).
"""

from adapters.dialects import Translation
from adapters.dialects.gemini.replies import reply
from adapters.dialects.gemini.requests import no_word_for, request
from adapters.dialects.gemini.streams import StreamToChat

FROM_CHAT = Translation(
    request=request,
    reply=reply,
    stream=StreamToChat,
    droppable=no_word_for,
)
