"""How large a prompt is taken for, before the provider tells."""

from typing import Any

import pytest

from adapters.tokens import CHARACTERS_PER_TOKEN, Learned, prompt_size

URL = {"type": "image_url", "image_url": {"url": "https://x.example/cat.png"}}
DATA = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 10_000}

PDF = {"type": "base64", "media_type": "application/pdf", "data": "A" * 10_000}
WAV = {"data": "A" * 10_000, "format": "wav"}


@pytest.mark.parametrize(
    ("body", "text", "pictures"),
    [
        ({}, 0, 0),
        ({"input": "x" * 100}, 100, 0),
        ({"input": ["x" * 60, "y" * 40]}, 100, 0),
        ({"input": [[1, 2, 3]]}, 12, 0),
        ({"query": "x" * 10, "documents": [{"text": "y" * 90}]}, 100, 0),
        ({"messages": [{"content": "x" * 100}]}, 116, 0),
        ({"messages": [{"content": [URL, DATA]}]}, 16, 2),
        ({"messages": [{"content": "data:image/png;base64,AAAA"}]}, 16, 1),
        ({"messages": [{"role": "user", "content": "x" * 96}]}, 116, 0),
        ({"messages": [{"role": "user", "content": "data:image/png;base64,AAAA"}]}, 20, 1),
        ({"messages": [{"content": [{"type": "document", "source": PDF}]}]}, 24, 1),
        ({"messages": [{"content": [{"type": "input_audio", "input_audio": WAV}]}]}, 27, 1),
        ({"messages": [{"content": [{"data": "x" * 84}]}]}, 100, 0),
        ({"messages": None}, 0, 0),
        ({"system": [{"text": "x" * 50}], "tools": [{"name": "y" * 50, "strict": True}]}, 100, 0),
        ({"model": "m", "temperature": 0.5, "user": "somebody"}, 0, 0),
    ],
)
def test_what_a_model_reads_is_counted(body: dict[str, Any], text: int, pictures: int) -> None:
    assert prompt_size(body) == (text, pictures)


def test_no_nesting_is_too_deep() -> None:
    tools: list[Any] = []
    for _ in range(100_000):
        tools = [tools]

    assert prompt_size({"tools": tools}) == (0, 0)


def test_what_is_learned_follows_what_is_reported() -> None:
    learned = Learned()
    for _ in range(40):
        learned.note(300, 100)

    assert learned.characters_per_token == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize(("size", "tokens"), [(300, 0), (300, 1), (10, 300), (0, 5)])
def test_what_makes_no_sense_is_not_learned(size: int, tokens: int) -> None:
    learned = Learned()

    learned.note(size, tokens)

    assert learned.characters_per_token == CHARACTERS_PER_TOKEN
