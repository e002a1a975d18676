"""Parts of an answer of Gemini's, read into a chat message or the deltas of one."""

import base64
import binascii
from typing import Any

import orjson

from adapters.dialects.gemini.arguments import with_pieces
from adapters.dialects.gemini.signatures import call_fields, signed_id
from adapters.dialects.lenient import string
from adapters.types import Json


class Saying:
    """Reads parts, one after another, and says what they add to a message.

    A document's are read in one go, a stream's in many; ids and numbers go on from one to the next.
    """

    def __init__(self, id_: str, choice: int, now: int = 0) -> None:
        self.starts: list[int] = []  # where each part begins in the text
        self.called = False
        self._stem = f"{id_}_{choice}" if choice else id_
        self._now = now
        self._calls = 0
        self._images = 0
        self._kept = 0
        self._heard = False
        self._open: Json | None = None  # a call whose arguments are still arriving
        self._delta: Json = {}
        self._pieces: list[str] = []  # of the text
        self._length = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def read(self, found: list[Json]) -> Json:
        """What these parts add, as a delta; its lists bear no numbers beyond their own."""
        self._delta = {}
        for part in found:
            self.starts.append(self._length)
            self._take(part)
        return self._delta

    def go_on(self, text: str) -> None:
        """A part has been read that is this text and nothing else."""
        self.starts.append(self._length)
        self._pieces.append(text)
        self._length += len(text)

    def rest(self) -> Json:
        """A call that never came to its end."""
        self._delta = {}
        self._close_call()
        return self._delta

    def _take(self, part: Json) -> None:
        signature = string(part.get("thoughtSignature"))
        match part:
            case {"functionCall": {} as call}:
                self._take_call(call, signature)
            case {"thought": True, "text": str() as text}:
                self._add("reasoning_content", text)
                self._think(text, signature)
            case {"text": str() as text}:
                self._pieces.append(text)
                self._length += len(text)
                self._add("content", text)
                self._sign(signature)
            case {"inlineData": {"data": str() as data} as blob}:
                self._take_blob(part, blob, data, signature)
            case {"functionCall": _}:
                pass
            case _ if part.keys() - {"thought", "thoughtSignature"}:
                # code that Google ran, calls of its own tools, and whatever they invent next
                self._list("provider_specific_fields", "parts", {"index": self._kept, **part})
                self._kept += 1
            case _:
                self._sign(signature)

    def _take_call(self, call: Json, signature: str) -> None:
        if call.get("name"):
            self._close_call()
            self._open = {"name": call["name"], "id": call.get("id"), "args": {}, "signature": ""}
        if self._open is None:
            return
        self._open["args"] = with_pieces(self._open["args"], call)
        self._open["signature"] = signature or self._open["signature"]
        if not call.get("willContinue"):
            self._close_call()

    def _close_call(self) -> None:
        call, self._open = self._open, None
        if call is None:
            return
        id_ = string(call["id"]) or f"call_{self._stem}_{self._calls}"
        function = {"name": str(call["name"]), "arguments": orjson.dumps(call["args"]).decode()}
        self._delta.setdefault("tool_calls", []).append(
            {
                "index": self._calls,
                "id": signed_id(id_, call["signature"]),
                "type": "function",
                "function": function,
                **call_fields(call["signature"]),
            }
        )
        self._calls += 1
        self.called = True

    def _take_blob(self, part: Json, blob: Json, data: str, signature: str) -> None:
        mime_type = string(blob.get("mimeType"))
        if mime_type.startswith("image/"):
            image = {"url": f"data:{mime_type};base64,{data}"}
            mark = {"thought_signature": signature} if signature else {}
            entry = {"index": self._images, "type": "image_url", "image_url": image, **mark}
            self._delta.setdefault("images", []).append(entry)
            self._images += 1
        elif mime_type.startswith("audio/"):
            self._hear(data, mime_type)
        else:
            self._list("provider_specific_fields", "parts", {"index": self._kept, **part})
            self._kept += 1

    def _hear(self, data: str, mime_type: str) -> None:
        if told := self._delta.get("audio"):
            told["data"] = _joined_base64(told["data"], data)
        elif self._heard:
            self._delta["audio"] = {"data": data}
        else:
            self._delta["audio"] = {
                "id": f"audio_{self._stem}",
                "data": data,
                "expires_at": self._now,
                "transcript": "",
                "format": mime_type,
            }
        self._heard = True

    def _think(self, text: str, signature: str) -> None:
        blocks = self._delta.setdefault("thinking_blocks", [])
        if blocks and not blocks[-1].get("signature"):
            blocks[-1]["thinking"] += text
        else:
            blocks.append({"type": "thinking", "thinking": text})
        if signature:
            blocks[-1]["signature"] = signature

    def _sign(self, signature: str) -> None:
        if signature:
            self._list("provider_specific_fields", "thought_signatures", signature)

    def _add(self, name: str, text: str) -> None:
        self._delta[name] = self._delta.get(name, "") + text

    def _list(self, holder: str, name: str, entry: Any) -> None:
        self._delta.setdefault(holder, {}).setdefault(name, []).append(entry)


def _joined_base64(one: str, other: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(one) + base64.b64decode(other)).decode()
    except (binascii.Error, ValueError):
        return one + other
