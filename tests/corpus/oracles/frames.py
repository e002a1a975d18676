"""Reads recorded streams into events, in the plainest way there is."""

import json
from typing import Any

from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]  # it has no types


def server_sent(body: bytes) -> list[tuple[str, str]]:
    """Name and data of each event, the last one even without its blank line."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = []
    for frame in text.split("\n\n"):
        name, data = "", []
        for line in frame.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
        if data:
            found.append((name, "\n".join(data)))
    return found


def documents(body: bytes) -> list[Any]:
    """The JSON of each event; what is none (`[DONE]`, an empty line) is left out."""
    found = []
    for _, data in server_sent(body):
        try:
            found.append(json.loads(data))
        except ValueError:
            continue
    return [document for document in found if isinstance(document, dict)]


def lines(body: bytes) -> list[Any]:
    """One document in each line."""
    return [json.loads(line) for line in body.decode().split("\n") if line.strip()]


def aws(body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Headers and payload of each message of an event stream, checksums verified."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(message.headers, message.payload) for message in buffer]
