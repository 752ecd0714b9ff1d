"""Tensors of safetensors files, mapped: rows are read when they are asked for, bfloat16 becomes float32."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greensched.core.errors import DataError

F32 = NDArray[np.float32]
# bfloat16 is the upper half of a float32, and numpy does not know it: it is read as bits
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I8": "<i1"}
SCALES = ".scales"  # beside a tensor of bytes: float16, one for every block of a row; the values are their products
LONGEST_HEADER = 100_000_000  # bytes; the limit of the format itself


@dataclass(frozen=True)
class _Place:
    values: NDArray[Any]
    dtype: str


class Tensors:
    """What lies in several safetensors files, by name.

    Args:
        files: paths; a name in two of them is the last one's.

    Raises:
        DataError: a file is missing, cut off, or no safetensors file.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._places: dict[str, _Place] = {}
        self._where: list[str] = []
        for path in files:
            self._places.update(_mapped(path))
            self._where.append(str(path))

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def names(self) -> list[str]:
        """All names, in order."""
        return sorted(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Its shape; raises as :meth:`array` does."""
        return self._place(name).values.shape

    def array(self, name: str) -> F32:
        """The tensor as float32, C-contiguous.

        Raises:
            DataError: there is none of that name.
        """
        return self.rows(name, None)

    def rows(self, name: str, index: NDArray[np.integer[Any]] | None) -> F32:
        """The rows ``index`` of a matrix as float32, all if None: only these are read from disk."""
        values = _float32(self._place(name), index)
        if name + SCALES not in self._places:
            return values
        scales = _float32(self._place(name + SCALES), index)
        blocks = values.reshape(*scales.shape, -1)
        blocks *= scales[..., None]
        return values

    def _place(self, name: str) -> _Place:
        if name not in self._places:
            raise DataError(f"no tensor '{name}' in {', '.join(self._where) or 'no file'}: not a Llama, or incomplete")
        return self._places[name]


def _float32(place: _Place, index: NDArray[np.integer[Any]] | None) -> F32:
    values = place.values if index is None else place.values[index]
    if place.dtype == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return np.ascontiguousarray(values, dtype=np.float32)


def _mapped(path: Path) -> dict[str, _Place]:
    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
        length = int.from_bytes(raw[:8].tobytes(), "little")
        if not 2 <= length <= min(LONGEST_HEADER, raw.size - 8):
            raise ValueError(f"a header of {length} bytes in a file of {raw.size}")
        header = json.loads(raw[8 : 8 + length].tobytes())
        body = raw[8 + length :]
        return {name: _place(body, entry) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: no complete safetensors file ({error}); copy it again, or delete it if it lies in the cache"
        ) from error


def _place(body: NDArray[np.uint8], entry: dict[str, Any]) -> _Place:
    begin, end = entry["data_offsets"]
    name = entry["dtype"]
    if name not in DTYPES:
        raise ValueError(f"elements of type {name}; supported: {', '.join(DTYPES)}")
    if end > body.size:
        raise ValueError(f"it ends at byte {body.size} of {end}")
    return _Place(np.asarray(body[begin:end]).view(DTYPES[name]).reshape(entry["shape"]), name)
