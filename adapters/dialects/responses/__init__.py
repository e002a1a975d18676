"""OpenAI's Responses API as the place where an answer comes from: chat, said in its words.

Source: https://platform.openai.com/docs/api-reference/responses (read 2026-11).
"""

from adapters.dialects import Translation
from adapters.dialects.responses.replies import reply
from adapters.dialects.responses.requests import no_word_for, request
from adapters.dialects.responses.streams import StreamToChat

FROM_CHAT = Translation(request=request, reply=reply, stream=StreamToChat, droppable=no_word_for)
