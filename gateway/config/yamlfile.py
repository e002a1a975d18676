"""YAML with line numbers, without duplicate keys, and with `include:`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from adapters.types import Json
from gateway.config.findings import Place, Where, WrongConfig, spell
from gateway.config.settings import Note

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


@dataclass(frozen=True, slots=True)
class Document:
    """A file and what it includes, as one mapping. Keys are text, as they were written."""

    data: Json
    places: Mapping[Where, Place]
    problems: tuple[Note, ...]
    files: tuple[Path, ...]


def read(path: Path) -> Document:
    """Read a file and everything it includes.

    Raises:
        ConfigError: a file cannot be read or is not YAML.

    """
    reader = _Reader(path)
    data, places = reader.file(path)
    return Document(data, places, tuple(reader.problems), tuple(reader.files.values()))


class _Reader:
    """Follows `include:`. Each file is read once, so files may include each other."""

    def __init__(self, root: Path) -> None:
        self.problems: list[Note] = []
        self.files: dict[Path, Path] = {}
        self._root = root

    def file(self, path: Path) -> tuple[Json, dict[Where, Place]]:
        self.files[path.resolve()] = path
        tree = _Tree(str(path))
        data = tree.document(path)
        self.problems += tree.problems
        for found in self._includes(data.get("include"), path, tree.places):
            _merge(data, tree.places, *self.file(found))
        return data, tree.places

    def _includes(self, names: Any, path: Path, places: Mapping[Where, Place]) -> list[Path]:
        """The files to read next; LiteLLM looks beside the declaring file, then the first one."""
        if names is None:
            return []
        place = places[("include",)]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.problems.append(Note(f"{place} include", "expected a list of file names"))
            return []
        found = []
        for name in names:
            beside = [path.parent / name, self._root.parent / name]
            existing = next((file for file in beside if file.is_file()), None)
            if existing is None:
                self.problems.append(Note(f"{place} include", f"there is no file {name!r}"))
            elif existing.resolve() not in self.files:
                self.files[existing.resolve()] = existing
                found.append(existing)
        return found


class _Tree:
    """Plain values from YAML nodes, remembering the line of each."""

    def __init__(self, file: str) -> None:
        self.places: dict[Where, Place] = {}
        self.problems: list[Note] = []
        self._file = file
        self._open: set[int] = set()  # nodes we are inside of

    def document(self, path: Path) -> Json:
        try:
            self._loader = _LOADER(path.read_bytes())
            node = self._loader.get_single_node()
            data = None if node is None else self._value(node, ())
        except OSError as error:
            raise _wrong(self._file, "", error.strerror or "cannot be read") from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise _wrong(self._file, f":{line}", f"not YAML: {error.problem}") from error
        except yaml.YAMLError as error:
            raise _wrong(self._file, "", f"not YAML: {error}".splitlines()[0]) from error
        if not isinstance(data, dict):
            said = "is empty" if data is None else "expected a mapping with model_list"
            raise _wrong(self._file, "", said)
        return data

    def _value(self, node: yaml.Node, where: Where) -> Any:
        self.places.setdefault(where, self._place(node))
        match node:
            case yaml.ScalarNode(tag=tag, value=text) if tag == _TIMESTAMP:
                return text  # an api_version without quotes is a date to YAML
            case yaml.ScalarNode():
                return self._scalar(node)
        if id(node) in self._open:
            raise _wrong(self._file, f":{node.start_mark.line + 1}", "an alias contains itself")
        self._open.add(id(node))
        if isinstance(node, yaml.MappingNode):
            value: Any = self._mapping(node, where)
        else:
            value = [self._value(item, (*where, i)) for i, item in enumerate(node.value)]
        self._open.remove(id(node))
        return value

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self._loader.construct_object(node)
        except (ValueError, KeyError) as error:  # `!!int x`: the text does not fit the tag
            said = f"{node.value!r} is not what its tag says"
            raise _wrong(self._file, f":{node.start_mark.line + 1}", said) from error

    def _mapping(self, node: yaml.MappingNode, where: Where) -> Json:
        self._refuse_duplicates(node, where)
        self._loader.flatten_mapping(node)  # `<<: *defaults`; what is merged stands first
        out: Json = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _wrong(self._file, f":{key.start_mark.line + 1}", "a key must be text")
            inner = (*where, str(key.value))
            self.places[inner] = self._place(key)
            out[str(key.value)] = self._value(value, inner)
        return out

    def _refuse_duplicates(self, node: yaml.MappingNode, where: Where) -> None:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if key.tag == _MERGE or not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in lines:
                path = spell((*where, str(key.value)))
                text = f"duplicate key; it stands in line {lines[key.value]} already"
                self.problems.append(Note(f"{self._file}:{line} {path}", text))
            lines.setdefault(key.value, line)

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1)


def _merge(
    data: Json, places: dict[Where, Place], extra: Json, extra_places: Mapping[Where, Place]
) -> None:
    """Add an included file: lists are joined, everything else is replaced, mappings too."""
    for key, value in extra.items():
        if key == "include":
            continue
        old = data.get(key)
        joined = isinstance(old, list) and isinstance(value, list)
        shift = len(old) if joined and isinstance(old, list) else 0
        if not joined:
            for where in [where for where in places if where[:1] == (key,)]:
                del places[where]
        data[key] = [*old, *value] if isinstance(old, list) and joined else value
        for where, place in extra_places.items():
            if where[:1] != (key,) or (joined and len(where) == 1):
                continue
            places[_shifted(where, shift) if joined else where] = place


def _shifted(where: Where, by: int) -> Where:
    index = where[1]
    return (where[0], index + by, *where[2:]) if isinstance(index, int) else where


def _wrong(file: str, line: str, text: str) -> WrongConfig:
    return WrongConfig(file, (Note(f"{file}{line}", text),))
