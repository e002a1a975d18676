"""Lines of several processes in one pipe: whole ones."""

from select import PIPE_BUF

import pytest

from gateway.workers.whole_lines import WholeLines


class Pipe:
    def __init__(self, takes: int | None = 1_000_000) -> None:
        self.writes: list[bytes] = []
        self._takes = takes

    def write(self, data: memoryview) -> int | None:
        if self._takes is None:
            return None
        self.writes.append(bytes(data[: self._takes]))
        return len(self.writes[-1])


def put(data: bytes, pipe: Pipe) -> None:
    """As the log does it."""
    view, lines = memoryview(data), WholeLines(pipe)
    while view:
        view = view[lines.write(view) or 0 :]


@pytest.mark.parametrize(
    "lengths", [[10], [100] * 200, [PIPE_BUF] * 3, [PIPE_BUF - 1, 2, PIPE_BUF], [1] * 9000]
)
def test_each_write_holds_whole_lines_and_no_more_than_a_pipe_takes_at_once(
    lengths: list[int],
) -> None:
    data = b"".join(b"x" * (length - 1) + b"\n" for length in lengths)
    pipe = Pipe()

    put(data, pipe)

    assert b"".join(pipe.writes) == data
    assert all(write.endswith(b"\n") for write in pipe.writes)
    assert max(map(len, pipe.writes)) <= PIPE_BUF


def test_a_longer_line_is_a_write_of_its_own() -> None:
    long = b"x" * (2 * PIPE_BUF) + b"\n"
    pipe = Pipe()

    put(long + b"short\n" + long, pipe)

    assert pipe.writes == [long, b"short\n", long]


def test_what_a_pipe_does_not_take_is_left() -> None:
    assert WholeLines(Pipe(None)).write(memoryview(b"a\n")) is None
