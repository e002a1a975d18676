"""Amazon Bedrock's Converse, translated from the pivot.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
(read 2026-11).
"""

from adapters.dialects import Translation
from adapters.dialects.bedrock.replies import reply
from adapters.dialects.bedrock.requests import no_word_for, request
from adapters.dialects.bedrock.streams import StreamToChat

FROM_CHAT = Translation(
    request=request,
    reply=reply,
    stream=StreamToChat,
    droppable=no_word_for,
)
