"""Whose a signature is, and which id of a tool call has one in it.

Thinking goes back only to those who have signed it: after a fallback, or when a conversation has
changed its model, a history holds the signatures of others, and every provider refuses a request
with one.
"""

import base64
import binascii
import hashlib
import re
from typing import Any

OPENAI_MARK = "responses#"  # which we put before OpenAI's
CALL_MARK = "__thought__"  # in the id of a tool call, before Google's: that is how LiteLLM has it
_WITH_KEY = re.compile(rb"(?:\x12[\x80-\xff]*[\x00-\x7f])?(?:\x0a[\x80-\xff]*[\x00-\x7f])?\x01")


def is_openais(signature: Any) -> bool:
    return isinstance(signature, str) and signature.startswith(OPENAI_MARK)


def is_googles(signature: Any) -> bool:
    """Whether a signature of unknown origin is Google's: its bytes are encrypted with a key whose
    number stands in front. Anthropic's, which look much the same, Gemini refuses as corrupted.
    """
    if not isinstance(signature, str):
        return False
    plain = signature.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        found = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _WITH_KEY.match(found) is not None


def is_anthropics(signature: Any) -> bool:
    """Whether it may be Anthropic's: it is known to be nobody else's."""
    return bool(signature) and not is_openais(signature) and not is_googles(signature)


def plain_id(id_: Any, limit: int = 0) -> str:
    """The id of a tool call as its provider gave it, without Google's signature: to others that is
    hundreds of characters of nothing. One of more than `limit` characters is cut and marked, in
    calls and results alike.
    """
    given = str(id_ or "")
    plain = given.partition(CALL_MARK)[0] or given
    if not limit or len(plain) <= limit:
        return plain
    mark = hashlib.blake2b(plain.encode(errors="replace"), digest_size=4).hexdigest()
    return f"{plain[: limit - len(mark) - 1]}_{mark}"
