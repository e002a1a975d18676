"""What Ollama's own chat says: one document, or one in each line."""

from typing import Any

from tests.corpus.oracles.frames import lines
from tests.corpus.said import Said, Tokens, count, dumped, record, records, text


def document(raw: Any) -> Said:
    return _said([raw])


def stream(body: bytes) -> Said:
    return _said(lines(body))


def _said(documents: list[Any]) -> Said:
    said = Said(ended=False)
    choice = said.choice()
    for raw in documents:
        if raw.get("error"):
            said.fault = dumped(raw["error"])
            break
        message = record(raw.get("message"))
        choice.text += text(message.get("content"))
        choice.thought += text(message.get("thinking"))
        for call in records(message.get("tool_calls")):
            function = record(call.get("function"))
            arguments = dumped(function.get("arguments") or {})
            choice.call(len(choice.calls), text(function.get("name")), arguments)
        if raw.get("done"):
            said.ended = True
            choice.finish = "length" if raw.get("done_reason") == "length" else "stop"
            if "eval_count" in raw or "prompt_eval_count" in raw:
                prompt, answer = raw.get("prompt_eval_count"), raw.get("eval_count")
                said.tokens = Tokens(count(prompt), count(answer))
    if choice.calls and choice.finish == "stop":
        choice.finish = "tool_calls"
    return said
