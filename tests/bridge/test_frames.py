"""Frames that somebody damaged, or made on purpose: refused, never misread, at no cost."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from greensched.core import frames
from greensched.core.errors import FrameError
from greensched.core.frames import StrColumn, decode, encode, read_frame
from greensched.results.folder import strings

GOLDEN = Path(__file__).resolve().parents[2] / "bridge" / "golden"


def with_texts(offsets: list[int], text: bytes) -> StrColumn:
    """The column of a frame whose offsets and bytes are these."""
    data = struct.pack(f"<{len(offsets)}i", *offsets) + text
    raw = bytearray(encode("x", {}, {"t": {"a": [""] * (len(offsets) - 1)}}))
    raw[24 + (struct.unpack_from("<I", raw, 8)[0] + 7 & ~7) :] = data + b"\0" * (-len(data) % 8)
    struct.pack_into("<Q", raw, 16, len(raw))
    column = decode(bytes(raw))[0].table("t")["a"]
    assert isinstance(column, StrColumn)
    return column


@pytest.mark.parametrize("read", [StrColumn.to_list, strings, lambda c: c[1], lambda c: c[0:2], list])
@pytest.mark.parametrize("offsets", [[0, -1, 5], [0, 6, 5], [0, -(2**31), 5], [0, 2**31 - 1, 5], [0, 4, 2, 5]], ids=str)
def test_string_offsets_that_run_backwards_are_refused(offsets: list[int], read: object) -> None:
    column = with_texts(offsets, b"abcde")
    with pytest.raises(FrameError, match=r"frame: column a: string offsets run backwards"):
        read(column)  # type: ignore[operator]


@pytest.mark.parametrize("read", [StrColumn.to_list, strings, lambda c: [c[0], c[1]], list])
@pytest.mark.parametrize(
    ("offsets", "text"), [([0, 3, 5], b"ab\xff\xfee"), ([0, 1, 2], "é".encode()), ([0, 0, 3], b"\xed\xa0\x80")]
)
def test_text_that_is_not_utf8_is_refused(offsets: list[int], text: bytes, read: object) -> None:
    with pytest.raises(FrameError, match=r"frame: column a: .*not UTF-8"):
        read(with_texts(offsets, text))  # type: ignore[operator]


def test_a_column_name_may_hold_anything_but_space_and_colon() -> None:
    """As PROTOCOL.md says, and as Java reads it."""
    columns = {name: np.arange(2) for name in ("a\tb", "a\u00a0b", "\u00fc\u4e2d\U0001f600")}
    assert list(decode(encode("x", {}, {"t": columns}))[0].table("t")) == list(columns)
    for name in ("a b", "a:b", ""):
        with pytest.raises(FrameError):
            encode("x", {}, {"t": {name: np.arange(2)}})


def test_a_giant_header_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A sparse file that claims a header of 1 GiB."""
    path = tmp_path / "giant.gsf"
    size = 2**30
    with path.open("wb") as stream:
        stream.write(struct.pack("<8sIIQ", frames.MAGIC, size, 0, 24 + size))
        stream.truncate(24 + size)
    with pytest.raises(FrameError, match=r"giant.gsf: a header of 1073741824 bytes"):
        read_frame(path)


def test_whatever_the_damage_it_is_a_frame_error() -> None:
    """Golden messages with random bytes changed, under a checksum that fits: read whole or refused."""
    rng = random.Random(4)
    golden = [path.read_bytes() for path in sorted(GOLDEN.glob("*.gsf"))]
    refused = 0
    for _ in range(3000):
        raw = bytearray(rng.choice(golden))
        header = struct.unpack_from("<I", raw, 8)[0]
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(24, len(raw)) if rng.random() < 0.5 else rng.randrange(24, 24 + header)
            raw[at] = rng.choice([*b'0123456789:{}[]", -', 0, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        struct.pack_into("<I", raw, 12, zlib.crc32(raw[24 : 24 + header]))
        try:
            frame, _ = decode(bytes(raw))
            for columns in frame.tables.values():
                for column in columns.values():
                    assert len(list(column)) == len(column)
        except FrameError:
            refused += 1
    assert 1000 < refused < 3000
