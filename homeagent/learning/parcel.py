"""What goes over the wire: a line of JSON and the plain bytes of arrays. Nothing in it can be run, nor is unpickled."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from homeagent.domain.errors import PermanentError

Array: TypeAlias = npt.NDArray[Any]
Head: TypeAlias = Mapping[str, Any]

DTYPES = ("<f8", "<f4", "<i8", "|b1", "|u1")
"""Numbers, and bytes of a file; never objects."""
MOST_BYTES = 64 << 20
MOST_HEAD = 1 << 20
LONGEST_WORD = 300


class ParcelError(PermanentError):
    """A parcel that is not what was packed, and why."""


def packed(head: Head, arrays: Mapping[str, Array]) -> bytes:
    """Return a parcel: a line with the hash of what follows, a line of JSON with what arrays there are, their bytes."""
    plain_arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    told = {name: [array.dtype.str, list(array.shape)] for name, array in plain_arrays.items()}
    first = json.dumps({"head": head, "arrays": told}).encode()
    content = b"".join([first, b"\n", *(array.tobytes() for array in plain_arrays.values())])
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def unpacked(parcel: object) -> tuple[Head, dict[str, Array]]:
    """Return head and arrays of a parcel, each of its bytes accounted for.

    Raises:
        ParcelError: it is damaged, too large, or none.
    """
    if not isinstance(parcel, bytes):
        raise ParcelError(f"it is no parcel, but of type {type(parcel).__name__}")
    if len(parcel) > MOST_BYTES:
        raise ParcelError(f"it is far too large ({len(parcel) >> 20} MB)")
    digest, _, content = parcel.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise ParcelError("its hash differs from that of what was sent")
    end = content.find(b"\n", 0, MOST_HEAD)
    try:
        first = json.loads(content[: max(end, 0)])
        head, arrays, at = first["head"], {}, end + 1
        for name, (dtype, shape) in first["arrays"].items():
            arrays[name], at = _array(memoryview(content), at, dtype, shape)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParcelError(f"its head cannot be read ({error})") from error
    if at != len(content) or not isinstance(head, dict):
        raise ParcelError("it holds other things than its head tells")
    return head, arrays


def _array(content: memoryview, at: int, dtype: str, shape: list[int]) -> tuple[Array, int]:
    if dtype not in DTYPES or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError("an array is of an unknown kind")
    end = at + math.prod(shape) * np.dtype(dtype).itemsize
    if end > len(content):
        raise ValueError("an array is cut off")
    return np.frombuffer(content[at:end], dtype=dtype).reshape(shape).copy(), end


def plain(text: object) -> str:
    """Return a foreign word as one short line that a terminal may be shown."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text)[:LONGEST_WORD])
