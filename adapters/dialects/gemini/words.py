"""Words of the two dialects side by side: why a model stopped, how hard it thinks, JSON's fields.

Sources, read 2026-11: https://ai.google.dev/api/generate-content,
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference and, for what
Google itself makes of `reasoning_effort`, https://ai.google.dev/gemini-api/docs/openai.
"""

from collections.abc import Mapping

FINISH: Mapping[str, str] = {  # finishReason -> finish_reason; anything else is a stop
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "2": "length",  # some clients of Google's write the enum's numbers
    "3": "content_filter",
    "4": "content_filter",
}
EXPECTED = frozenset({"STOP", "MAX_TOKENS", "1", "2", "FINISH_REASON_UNSPECIFIED", "0"})

BUDGET: Mapping[str, int] = {  # reasoning_effort -> thinkingBudget
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 24576,
    "max": 24576,
}
NO_THINKING = frozenset({"none", "disable", "disabled"})

CONFIG: Mapping[str, str] = {  # fields of a chat request that belong into generationConfig
    "temperature": "temperature",
    "top_p": "topP",
    "topP": "topP",
    "top_k": "topK",
    "topK": "topK",
    "candidateCount": "candidateCount",
    "candidate_count": "candidateCount",
    "maxOutputTokens": "maxOutputTokens",
    "max_output_tokens": "maxOutputTokens",
    "stopSequences": "stopSequences",
    "stop_sequences": "stopSequences",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "responseMimeType": "responseMimeType",
    "response_mime_type": "responseMimeType",
    "responseSchema": "responseSchema",
    "response_schema": "responseSchema",
    "responseJsonSchema": "responseJsonSchema",
    "response_json_schema": "responseJsonSchema",
    "responseModalities": "responseModalities",
    "response_modalities": "responseModalities",
    "speechConfig": "speechConfig",
    "speech_config": "speechConfig",
    "imageConfig": "imageConfig",
    "image_config": "imageConfig",
    "mediaResolution": "mediaResolution",
    "media_resolution": "mediaResolution",
    "thinkingConfig": "thinkingConfig",
    "thinking_config": "thinkingConfig",
    "enableEnhancedCivicAnswers": "enableEnhancedCivicAnswers",
    "audioTimestamp": "audioTimestamp",
    "audio_timestamp": "audioTimestamp",
}
TOP: Mapping[str, str] = {  # fields beside generationConfig, as Python users spell them
    "safety_settings": "safetySettings",
    "cached_content": "cachedContent",
    "model_armor_config": "modelArmorConfig",
}
SERVICE_TIERS: Mapping[str, str] = {  # serviceTier -> service_tier; other words are the same
    "standard": "default",
}
