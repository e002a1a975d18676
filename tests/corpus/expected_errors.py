"""What each recorded error means: a table made by hand, from what the providers write about them.

The gateway must come to the same judgement by its own ways. Sources (read 2026-11):
platform.openai.com/docs/guides/error-codes, platform.claude.com/docs/en/api/errors,
docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html,
ai.google.dev/gemini-api/docs/troubleshooting, docs.cohere.com/reference/errors,
openrouter.ai/docs/api-reference/errors, console.groq.com/docs/errors, docs.mistral.ai,
api-docs.deepseek.com/quick_start/error_codes, docs.x.ai/docs/key-information/debugging.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from adapters.errors import Kind
from tests.corpus.records import Record

_NAMES = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\"|\{.*|\[.*|\S*(?:resp|chatcmpl|file)[-_]\w+\S*"
    r"|\bhttps?://\S+|[\w.:-]+/\S+|(?<=provided: )\S+|(?<=model: )\S+|(?<=^model )[\w-]+"
    r"|(?<=for tool )\w+|\bgrok[\w-]+",
    re.DOTALL,
)
_NUMBERS = re.compile(r"[\w*.:-]*\d[\w*.:/-]*")

# fmt: off
_REFUSALS: Mapping[Kind, str] = {
    Kind.BLOCKED: """
        vertex 400 image generation failed with the following error: the prompt could not
    """,
    Kind.CALLER: """
        anthropic 400 # field required
        anthropic 400 # for ~ type, property ~ is not supported
        anthropic 400 # input does not match the expected shape.
        anthropic 400 role ~ is not supported on this model
        anthropic 400 schema is too complex for compilation. try reducing the number of tool
        anthropic 400 temperature: range: #
        anthropic 400 this model does not support effort level ~. supported levels: high, lo
        anthropic 400 ~ is not supported on this api. please use the messages api instead.
        bedrock 400 # url sources are not supported
        bedrock 400 the model returned the following errors: # field required
        bedrock 400 the model returned the following errors: malformed input request: #/~
        bedrock 400 the provided model doesn't support counting tokens.
        bedrock 400 this model doesn't support the # field. remove # and try again.
        bedrock 400 this model doesn't support the video content block that you provided.
        bedrock 400 validationexception: context_management: extra inputs are not permitte
        deepseek 400 failed to deserialize the json body into the target type: messages~
        deepseek 400 thinking mode does not support this tool_choice
        doubleword 400 invalid request
        doubleword 400 validation: temperature must be between # and #, got #
        gemini 400 error: apierror: ~
        gemini 400 model ~ does not support background interactions.
        gemini 400 request contains an invalid argument.
        gemini 400 the requested combination of response modalities (text) is not support
        groq 400 tool call validation failed: tool call validation failed: parameters f
        groq 400 tool choice is required, but model did not call a tool
        llamacpp 400 field ~: ~
        llamacpp 400 unsupported content~
        llamacpp 500 cannot use both json_schema and grammar
        llamacpp 500 image input is not supported - hint: if this is unexpected, you may ne
        mistral 400 logprobs are not enabled for this model
        openai 400 # is less than the minimum of # - ~
        openai 400 could not finish the message because max_tokens or model output limit
        openai 400 deep research models only support the ~, ~, ~, and ~ tools.
        openai 400 error while downloading file. upstream status code: #
        openai 400 error while downloading ~
        openai 400 invalid file data: ~. expected a # data url with a valid file mime typ
        openai 400 invalid file data: ~. expected a # data url with an ~ mime type (e.g.
        openai 400 invalid schema for function ~: in context=(), ~ is required to be supp
        openai 400 invalid size ~. width and height must both be divisible by #
        openai 400 invalid token in prompt: # minimum value is #, maximum value is # (inc
        openai 400 invalid value: ~. supported values are: ~, ~, and ~.
        openai 400 invalid ~. content blocks are expected to be either text or image_url
        openai 400 invalid ~: decimal below minimum value. expected a value >= #, but got
        openai 400 missing required parameter: ~.
        openai 400 previous response with id ~ not found.
        openai 400 the file type you uploaded is not supported. please try again with a p
        openai 400 unknown parameter: ~.
        openai 400 unsupported parameter: ~ is not supported with this model.
        openai 400 unsupported value: ~ does not support ~ with this model.
        openai 400 web search options not supported with this model.
        openai 400 ~
        openai 400 ~ is not one of ~
        openai 404 completion ~ not found
        openai 404 response with id ~ not found.
        openai 404 tools is not supported in this model. for a list of supported models,
        openrouter 400 provider returned error invalid request content: required function is
        openrouter 400 provider returned error invalid ~: integer below minimum value. expect
        openrouter 404 no endpoints found that support the provided ~ value. to learn more ab
        openrouter 404 no endpoints found that support tool use. to learn more about provider
        vertex 400 cannot fetch content from the provided url. please ensure the url is v
        vertex 400 invalid cachedcontent name: #
        vertex 400 please use a valid role: user, model.
        vertex 400 request contains an invalid argument.
        xai 400 model ~ does not support parameter reasoningeffort.
    """,
    Kind.CREDENTIAL: """
        anthropic 401 api key is invalid.
        anthropic 401 invalid x-api-key
        anthropic 401 ~
        azure-openai 401 access denied due to invalid subscription key or wrong api endpoint. m
        bedrock 403 signature expired: # is now earlier than # (# - # min.)
        bedrock 403 the security token included in the request is expired
        bedrock 403 the security token included in the request is invalid.
        cohere 401 incorrect api key provided: ~ you can find your api key at ~
        deepseek 401 authentication fails, your api key: ****-key is invalid
        doubleword 403 forbidden
        gemini 400 api key not valid. please pass a valid api key.
        gemini 403 method doesn't allow unregistered callers (callers without established
        groq 401 invalid api key
        llamacpp 401 invalid api key
        mistral 401 invalid api key
        ollama 401 unauthorized
        openai 401 incorrect api key provided: ~ you can find your api key at ~
        openrouter 401 missing authentication header
        vertex 400 api key not valid. please pass a valid api key.
        vertex 401 api keys are not supported by this api. expected # access token or oth
        vertex 403 firebase ml api has not been used in project # before or it is disable
        vertex 403 vertex ai in firebase api has not been used in project # before or it
        xai 400 incorrect api key provided. you can obtain an api key from ~
    """,
    Kind.MODEL_GONE: """
        anthropic 404
        anthropic 404 model: ~
        azure-openai 404 resource not found
        bedrock 400 the provided model identifier is invalid.
        bedrock 403 you don't have access to the model with the specified model id.
        cohere 404 model ~ not found, make sure the correct model id was used and that yo
        cohere 404 model ~ was removed on september #, # see ~ for a list of models you c
        deepseek 400 the supported api model names are # or #, but you passed #
        doubleword 404 the model ~ does not exist or you do not have access to it.
        gemini 404 ~ is not found for api version #, or is not supported for counttokens.
        gemini 404 ~ is not found for api version #, or is not supported for generatecont
        groq 400 the model ~ has been decommissioned and is no longer supported. please
        groq 404 the model ~ does not exist or you do not have access to it.
        huggingface 404 not found
        mistral 400 invalid model: ~
        openai 400 the model ~ does not exist.
        openai 400 the requested model ~ does not exist.
        openai 400 the requested model ~ is not supported with the responses api.
        openai 403 you are not allowed to generate embeddings from this model
        openai 403 you are not allowed to sample from this model
        openai 404 the model ~ does not exist
        openai 404 the model ~ does not exist or you do not have access to it.
        openai 404 the model ~ has been deprecated, learn more here: ~
        openai 404 this is not a chat model and thus not supported in the ~ endpoint. did
        openrouter 400 model ~ does not exist
        openrouter 400 ~ is not a valid model id
        openrouter 404 no endpoints found for ~
        openrouter 404 no endpoints found matching your data policy (free model publication).
        openrouter 404 the alpha period for this model has ended. for other stealth models, p
        vertex 400 $grpcmessage
        vertex 400 user location is not supported for the api use.
        vertex 404 publisher model ~ not found.
        vertex 404 publisher model ~ was not found or your project does not have access t
        vertex 404 ~ is not found for api version #, or is not supported for counttokens.
        voyage 400 model ~ is not supported. supported models are ~
        xai 404 the model ~ was deprecated on # and is no longer accessible via the ap
    """,
    Kind.RATE_LIMIT: """
        bedrock 503 model ~ getting throttled. try your request again.
        gemini 429 resource exhausted. please try again later. please refer to ~ for more
        gemini 429 you exceeded your current quota, please check your plan.
        openrouter 429 provider returned error ~ is temporarily rate-limited upstream. please
        openrouter 429 rate limit exceeded: free-models-per-min.
        openrouter 429 rate limit exceeded: ~ high demand for ~ on openrouter - limited to #
    """,
    Kind.TOO_LONG: """
        anthropic 400 prompt is too long: # tokens > # maximum
        cohere 400 too many tokens: size limit exceeded by # tokens. try using shorter or
        llamacpp 400 request (# tokens) exceeds the available context size (# tokens), try
        llamacpp 500 input (# tokens) is too large to process. increase the physical batch
        ollama 400 prompt too long; exceeded max context length by # tokens (ref: #)
        vertex 400 the input token count (#) exceeds the maximum number of tokens allowed
    """,
    Kind.TRANSIENT: """
        llamacpp 500 error: cannot make get request
        openai 500
        openai 500 the server had an error processing your request. sorry about that! you
    """,
}
_FAULTS: Mapping[Kind, str] = {  # inside a reply that began with 200
    Kind.BLOCKED: """
        blocked: ~
    """,
    Kind.CALLER: """
        token limit reached
        tool call validation failed: parameters for tool ~ did not match schem
        tool choice is required, but model did not call a tool
    """,
    Kind.QUOTA: """
        you exceeded your current quota, please check your plan and billing de
    """,
    Kind.TOO_LONG: """
        request too large for # in project proj_redacted organization org-reda
    """,
    Kind.TRANSIENT: """
        upstream error from venice: enginecore encountered an issue. see stack
        your request resulted in an invalid tool generation. try updating the
    """,
}
# fmt: on


def of_refusal(record: Record) -> tuple[Kind | str, str]:
    """The kind that a refusal has to get, and why; a text: nobody has decided yet."""
    found = f"{record.provider} {record.status} {_normalised(_wording(record.body))}".strip()
    return _looked_up(_REFUSALS, found)


def of_fault(fault: str) -> tuple[Kind | str, str]:
    """The same for an error inside a reply that began well."""
    return _looked_up(_FAULTS, _normalised(_wording(fault.encode())))


def _looked_up(table: Mapping[Kind, str], found: str) -> tuple[Kind | str, str]:
    for kind, wordings in table.items():
        if found in (line.strip() for line in wordings.split("\n")):
            return kind, f", for it says {found!r}"
    return "a decision", f" what {found!r} means"


def _normalised(text: str) -> str:
    """The wording without what differs from one request to the next."""
    text = _NUMBERS.sub("#", _NAMES.sub("~", text.lower()))
    return " ".join(text.split())[:70].strip()


def _wording(body: bytes) -> str:
    """What is said for people to read, wherever it stands."""
    text = body.decode("utf-8", "replace").strip()
    try:
        document: Any = json.loads(text)
    except ValueError:
        return text
    while isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return text
    error = document.get("error", document)
    if not isinstance(error, dict):
        return str(error)
    behind = error.get("metadata")
    raw = behind.get("raw") if isinstance(behind, dict) else None
    told = error.get("message") or error.get("detail") or ""
    return f"{told} {_wording(raw.encode())}" if isinstance(raw, str) else str(told)
