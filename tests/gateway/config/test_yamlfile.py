"""Lines, includes, merges."""

from pathlib import Path

import pytest

from gateway.config import yamlfile
from gateway.config.findings import Place
from gateway.config.settings import ConfigError
from tests.gateway.config.worlds import problems, write


def test_every_key_and_item_knows_its_line(tmp_path: Path) -> None:
    document = yamlfile.read(write(tmp_path, "a:\n  - b: 1\n  -\n    c:\n      d\n"))
    lines = {where: place.line for where, place in document.places.items()}

    assert document.data == {"a": [{"b": 1}, {"c": "d"}]}
    assert lines[("a",)] == 1
    assert lines[("a", 0, "b")] == 2
    assert lines[("a", 1, "c")] == 4


def test_included_lists_are_joined_and_the_rest_is_replaced(tmp_path: Path) -> None:
    main = write(tmp_path, "include: [more.yaml]\nlist: [1]\nmap: {a: 1, b: 1}\nown: 1\n")
    write(tmp_path, "# theirs\nlist: [2]\nmap: {a: 2}\n", "more.yaml")
    document = yamlfile.read(main)

    assert document.data == {
        "include": ["more.yaml"],
        "list": [1, 2],
        "map": {"a": 2},
        "own": 1,
    }
    assert document.places["list", 0] == Place(str(main), 2)
    assert document.places["list", 1] == Place(str(tmp_path / "more.yaml"), 2)
    assert document.places["map", "a"] == Place(str(tmp_path / "more.yaml"), 3)
    assert ("map", "b") not in document.places


def test_included_files_are_sought_beside_the_declaring_file_then_beside_the_first(
    tmp_path: Path,
) -> None:
    (tmp_path / "sub").mkdir()
    main = write(tmp_path, "include: [sub/a.yaml]\nlist: [main]\n")
    write(tmp_path, "include: [b.yaml, c.yaml]\nlist: [a]\n", "sub/a.yaml")
    write(tmp_path, "list: [beside a]\n", "sub/b.yaml")
    write(tmp_path, "list: [never]\n", "b.yaml")
    write(tmp_path, "list: [beside main]\n", "c.yaml")

    assert yamlfile.read(main).data["list"] == ["main", "a", "beside a", "beside main"]


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    main = write(tmp_path, "include: [other.yaml]\nlist: [1]\n")
    write(tmp_path, "include: [config.yaml, other.yaml]\nlist: [2]\n", "other.yaml")
    document = yamlfile.read(main)

    assert document.data["list"] == [1, 2]
    assert len(document.files) == 2


def test_a_problem_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    text = """\
        - model_name: b
          litellm_params: {model: openai/b, rpm: many}
        """
    write(tmp_path, "model_list:\n" + text.replace("        ", "  "), "more.yaml")
    main = """\
        include: [more.yaml]
        model_list: [{model_name: a, litellm_params: {model: openai/a}}]
        """

    assert problems(tmp_path, main) == [
        "more.yaml:3 model_list[1].litellm_params.rpm: expected a whole number, got 'many'"
    ]


def test_merge_keys_give_what_is_not_written(tmp_path: Path) -> None:
    text = "x-a: &a {rpm: 1, tpm: 2}\nb: {<<: *a, rpm: 3}\n"

    assert yamlfile.read(write(tmp_path, text)).data["b"] == {"rpm": 3, "tpm": 2}


def test_keys_are_text_however_they_look(tmp_path: Path) -> None:
    document = yamlfile.read(write(tmp_path, "on: 1\n4: 2\n2024-01-01: 3\n"))

    assert list(document.data) == ["on", "4", "2024-01-01"]


@pytest.mark.parametrize("text", ["[a, b]: 1\n", "{a: 1}: 2\n", "? {a: 1}\n: 2\n"])
def test_a_key_that_is_not_text_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.yaml:1: a key must be text"):
        yamlfile.read(write(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"a: \xff\xfe\n")

    with pytest.raises(ConfigError, match=r"config\.yaml.*: not YAML"):
        yamlfile.read(path)
