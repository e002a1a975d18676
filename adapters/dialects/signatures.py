"""Whose a signature is. Thinking goes back only to those who have signed it: after a fallback, or
when a conversation has changed its model, a history holds the signatures of others, and every
provider refuses a request with one.
"""

import base64
import binascii
import re
from typing import Any

OPENAI_MARK = "responses#"  # which we put before OpenAI's
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
