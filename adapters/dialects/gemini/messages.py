"""A chat conversation, said as Gemini's system instruction and contents."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from adapters.dialects.gemini.models import Gemini
from adapters.dialects.gemini.parts import medium, parts
from adapters.dialects.gemini.signatures import NOBODYS, signature_of
from adapters.dialects.lenient import record, records, string
from adapters.dialects.signatures import is_googles, plain_id
from adapters.errors import BadRequest
from adapters.types import Json


def conversation(messages: Any, model: Gemini) -> tuple[list[Json], list[Json]]:
    """(parts of the system instruction, contents).

    System messages go to the system instruction wherever they stand, for contents know no such
    role; where they are all there is, the last one becomes the user's. Messages of one role are
    merged, but tool results stay apart from what a user says: they answer the calls before them.

    Raises:
        BadRequest: something that cannot be said.

    """
    if not isinstance(messages, list):
        raise BadRequest("Expected an array of messages.", param="messages")
    system: list[list[Json]] = []
    turns = _Turns(model)
    names: dict[str, str] = {}  # of the calls so far, by their ids
    for i, message in enumerate(_modern(messages)):
        at = f"messages[{i}]"
        match message.get("role"):
            case "system" | "developer":
                system.append(parts(message.get("content"), at))
            case "user":
                turns.add("user", parts(message.get("content"), at))
            case "assistant":
                turns.add("model", _assistant(message, at, names, model))
            case "tool":
                turns.add("user", _tool_result(message, at, names, model), answers=True)
            case role:
                raise BadRequest(f"Unknown role: {role!r}.", param=f"{at}.role")
    if not turns.said and system:
        turns.add("user", system.pop())
    return [part for found in system for part in found], turns.contents()


class _Turns:
    """Contents in the making."""

    def __init__(self, model: Gemini) -> None:
        self.said: list[Json] = []
        self._model = model
        self._answers: list[bool] = []  # for each: whether it holds tool results

    def add(self, role: str, found: list[Json], *, answers: bool = False) -> None:
        if not found:
            return
        if self.said and self.said[-1]["role"] == role and self._answers[-1] == answers:
            self.said[-1]["parts"] += found
        else:
            self.said.append({"role": role, "parts": list(found)})
            self._answers.append(answers)

    def contents(self) -> list[Json]:
        """The contents, signed where Gemini insists: the first call of each step since the user
        last spoke. Calls that another model has made bear Google's stand-in.
        """
        if not self._model.wants_signatures:
            return self.said
        for content, answers in zip(reversed(self.said), reversed(self._answers), strict=True):
            if content["role"] == "user" and not answers:
                break
            _sign_first_call(content["parts"])
        return self.said


def _sign_first_call(found: list[Json]) -> None:
    for i, part in enumerate(found):
        if "functionCall" in part:
            if not part.get("thoughtSignature"):
                found[i] = {**part, "thoughtSignature": NOBODYS}
            return


def _modern(messages: list[Any]) -> Iterator[Json]:
    """The messages with `function_call` and role `function` said as tool calls."""
    last_call = ""
    for i, message in enumerate(messages):
        match message:
            case {"role": "assistant", "function_call": {} as call} if not message.get(
                "tool_calls"
            ):
                last_call = f"call_{i}"
                yield {**message, "tool_calls": [{"id": last_call, "function": call}]}
            case {"role": "function"}:
                yield {**message, "role": "tool", "tool_call_id": last_call}
            case {}:
                yield message
            case _:
                raise BadRequest("Expected a message.", param=f"messages[{i}]")


def _assistant(message: Json, at: str, names: dict[str, str], model: Gemini) -> list[Json]:
    said = parts(message.get("content"), at)
    if not said:
        spoken = message.get("refusal") or record(message.get("audio")).get("transcript")
        said = parts(string(spoken), at)
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest("Expected an array of tool calls.", param=f"{at}.tool_calls")
    aside = record(message.get("provider_specific_fields"))
    return [
        *_thoughts(message),
        *_kept(aside),
        *_signed(said, aside.get("thought_signatures")),
        *_pictures(message, at),
        *(_call(call, f"{at}.tool_calls[{j}]", names, model) for j, call in enumerate(calls)),
    ]


def _thoughts(message: Json) -> list[Json]:
    """Thinking that bears Google's signature; any other Gemini has no use for, or refuses."""
    return [
        {
            "text": string(block.get("thinking")),
            "thought": True,
            "thoughtSignature": block["signature"],
        }
        for block in records(message.get("thinking_blocks"))
        if is_googles(block.get("signature"))
    ]


def _kept(aside: Json) -> list[Json]:
    """What Google's own tools did in an earlier reply, if the client has kept it."""
    kept = records(aside.get("parts"))
    return [{name: value for name, value in part.items() if name != "index"} for part in kept]


def _signed(said: list[Json], signatures: Any) -> list[Json]:
    """Text with the signatures that it came with; those that came alone go back alone."""
    kept = signatures if isinstance(signatures, list) else []
    left = [signature for signature in kept if isinstance(signature, str) and signature]
    out: list[Json] = []
    for part in said:
        bare = left and "text" in part and "thoughtSignature" not in part
        out.append({**part, "thoughtSignature": left.pop(0)} if bare else part)
    return [*out, *({"text": "", "thoughtSignature": signature} for signature in left)]


def _pictures(message: Json, at: str) -> list[Json]:
    """Pictures of an earlier reply, which a model that draws wants to see again."""
    found: list[Json] = []
    for i, image in enumerate(records(message.get("images"))):
        if url := string(record(image.get("image_url")).get("url")):
            signature = string(image.get("thought_signature"))
            mark = {"thoughtSignature": signature} if signature else {}
            found.append({**medium(url, f"{at}.images[{i}].image_url.url"), **mark})
    return found


def _call(call: Any, at: str, names: dict[str, str], model: Gemini) -> Json:
    match call:
        case {"function": {"name": str() as name} as function}:
            arguments = function.get("arguments")
        case _:
            raise BadRequest("A tool call needs a function with a name.", param=at)
    id_ = plain_id(call.get("id"))
    names[id_] = name
    said: Json = {"name": name, "args": _arguments(arguments, f"{at}.function.arguments")}
    if model.names_calls and id_:
        said = {"id": id_, **said}
    signature = signature_of(call)
    return {"functionCall": said, **({"thoughtSignature": signature} if signature else {})}


def _arguments(arguments: Any, at: str) -> Json:
    if isinstance(arguments, dict):
        return arguments
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    try:
        parsed = orjson.loads(arguments)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"Expected JSON: {error}.", param=at) from error
    if parsed is None:
        return {}
    if not isinstance(parsed, dict):
        raise BadRequest("Expected a JSON object.", param=at)
    return parsed


def _tool_result(message: Json, at: str, names: Mapping[str, str], model: Gemini) -> list[Json]:
    """A result goes by the name of what was called. Pictures in it stand inside, or, with older
    models, beside it.
    """
    id_ = plain_id(message.get("tool_call_id"))
    if not id_ and len(names) == 1:  # whose result it is goes without saying
        id_ = next(iter(names))
    name = names.get(id_) or string(message.get("name"))
    if not name:
        raise BadRequest("No tool call before has this id.", param=f"{at}.tool_call_id")
    found = parts(message.get("content"), at)
    text = "\n".join(string(part.get("text")) for part in found if "text" in part)
    others = [part for part in found if "text" not in part]
    said: Json = {"name": name, "response": _response(text)}
    if not model.names_calls:
        return [{"functionResponse": said}, *others]
    if seen := [part for part in others if _may_stand_inside(part)]:
        said["parts"] = seen
    beside = [part for part in others if not _may_stand_inside(part)]
    return [{"functionResponse": {"id": id_, **said} if id_ else said}, *beside]


def _may_stand_inside(part: Json) -> bool:
    """Whether a tool's result may hold it: pictures and documents, as bytes."""
    kind = string(record(part.get("inlineData")).get("mimeType"))
    return kind.startswith("image/") or kind in {"application/pdf", "text/plain"}


def _response(text: str) -> Json:
    """Gemini takes objects: a text that holds one is that object."""
    if text.lstrip().startswith("{"):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            return {"output": text}
        if isinstance(found, dict):
            return found
    return {"output": text}
