"""Writes a network as a .tflite file: numpy and flatbuffers, nothing else.

The schema is TensorFlow Lite's, version 3; slots are given by their number, since that is all a file holds. Only the
kinds that every runtime computes rightly are written: float32, int8 weights per tensor ("dynamic"), and int8 throughout
with weights per channel. Four-bit and sparse files are computed wrongly, without a word, by one runtime or another.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import flatbuffers
import numpy as np
import numpy.typing as npt

from homeagent.forecasting.student import Float32Array, Network

Kind: TypeAlias = Literal["float32", "dynamic", "int8"]
Anything: TypeAlias = npt.NDArray[np.generic]

IDENTIFIER = b"TFL3"
_FLOAT32, _INT32, _INT8 = 0, 2, 9
_QUANTIZE, _FULLY_CONNECTED, _DEQUANTIZE = 114, 9, 6
_FULLY_CONNECTED_OPTIONS, _RELU = 8, 1
_VERSION = {"float32": 1, "dynamic": 3, "int8": 4}
_ALIGNED = 16
_SCHEMA_VERSION = 3


class _Writer:
    """A flatbuffer's builder with what tables and vectors here need."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1 << 15)

    def vector(self, values: Anything) -> int:
        """Write a vector of scalars, aligned as tensors must be."""
        data = np.ascontiguousarray(values)
        raw = data.tobytes()
        self.builder.StartVector(data.itemsize, data.size, _ALIGNED)
        self.builder.head = int(self.builder.head) - len(raw)
        self.builder.Bytes[self.builder.head : self.builder.head + len(raw)] = raw
        return int(self.builder.EndVector())

    def tables(self, offsets: list[int]) -> int:
        """Write a vector of tables."""
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def text(self, text: str) -> int:
        """Write a string."""
        return int(self.builder.CreateString(text))

    def table(
        self,
        slots: int,
        *,
        offsets: dict[int, int] | None = None,
        int32: dict[int, int] | None = None,
        uint32: dict[int, int] | None = None,
        int8: dict[int, int] | None = None,
    ) -> int:
        """Write a table with values by the number of their slot."""
        self.builder.StartObject(slots)
        for slot, value in (offsets or {}).items():
            self.builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        for slot, value in (int32 or {}).items():
            self.builder.PrependInt32Slot(slot, value, 0)
        for slot, value in (uint32 or {}).items():
            self.builder.PrependUint32Slot(slot, value, 0)
        for slot, value in (int8 or {}).items():
            self.builder.PrependInt8Slot(slot, value, 0)
        return int(self.builder.EndObject())


class _Graph:
    """Tensors, operators and buffers of one file."""

    def __init__(self) -> None:
        self.writer = _Writer()
        self.tensors: list[int] = []
        self.operators: list[int] = []
        self.codes: list[tuple[int, int]] = []
        self.buffers = [self.writer.table(1)]  # the first stays empty, by the format's convention

    def tensor(
        self,
        name: str,
        shape: list[int],
        kind: int,
        data: Anything | None = None,
        scale: npt.ArrayLike | None = None,
        zero: int = 0,
    ) -> int:
        """Add a tensor, and return its number; a scale for each row of the first axis, or one for all."""
        writer, offsets, buffer = self.writer, {}, 0
        if data is not None:
            content = writer.vector(np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8))
            self.buffers.append(writer.table(1, offsets={0: content}))
            buffer = len(self.buffers) - 1
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            zeros = np.full(len(scales), zero, np.int64)
            quantisation = {2: writer.vector(scales), 3: writer.vector(zeros)}
            offsets[4] = writer.table(7, offsets=quantisation)
        offsets[0], offsets[3] = writer.vector(np.asarray(shape, np.int32)), writer.text(name)
        self.tensors.append(writer.table(8, offsets=offsets, int8={1: kind}, uint32={2: buffer}))
        return len(self.tensors) - 1

    def operator(self, code: int, version: int, inputs: list[int], output: int, *, relu: bool | None = None) -> None:
        """Add an operator; `relu` only for a layer."""
        writer = self.writer
        if (code, version) not in self.codes:
            self.codes.append((code, version))
        offsets = {
            1: writer.vector(np.asarray(inputs, np.int32)),
            2: writer.vector(np.asarray([output], np.int32)),
        }
        options = {}
        if relu is not None:
            offsets[4] = writer.table(5, int8={0: _RELU if relu else 0})
            options = {3: _FULLY_CONNECTED_OPTIONS}
        number = {0: self.codes.index((code, version))}
        self.operators.append(writer.table(5, offsets=offsets, uint32=number, int8=options))

    def finish(self, source: int, result: int, description: str) -> bytes:
        """Return the file."""
        writer = self.writer
        codes = [writer.table(4, int8={0: code}, int32={2: version, 3: code}) for code, version in self.codes]
        ends = [writer.vector(np.array([number], np.int32)) for number in (source, result)]
        graph = writer.table(
            5,
            offsets={0: writer.tables(self.tensors), 1: ends[0], 2: ends[1], 3: writer.tables(self.operators)},
        )
        parts = {
            1: writer.tables(codes),
            2: writer.tables([graph]),
            3: writer.text(description),
            4: writer.tables(self.buffers),
        }
        root = writer.table(8, offsets=parts, uint32={0: _SCHEMA_VERSION})
        writer.builder.Finish(root, file_identifier=IDENTIFIER)
        return bytes(writer.builder.Output())


def quantised_weights(weight: Float32Array, *, per_channel: bool) -> tuple[npt.NDArray[np.int8], Float32Array]:
    """Return int8 weights (outputs, inputs) and their scales, symmetric about nothing."""
    largest = np.abs(weight).max(axis=1, keepdims=True) if per_channel else np.abs(weight).max(keepdims=True)
    scale = np.where(largest == 0, 1.0, largest / 127).astype(np.float32)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale.ravel()


def quantised_range(low: float, high: float) -> tuple[float, int]:
    """Return scale and zero point of activations between two values; nothing itself is always one of them."""
    low, high = min(low, 0.0), max(high, 1e-6)
    scale = (high - low) / 255
    return scale, int(np.clip(np.rint(-128 - low / scale), -128, 127))


def tflite_bytes(network: Network, kind: Kind, batch: int, sample: Float32Array, description: str) -> bytes:
    """Return the network as a .tflite file for `batch` rows at once; `sample` tells the ranges that int8 needs."""
    graph, last = _Graph(), len(network.weights) - 1
    full = kind == "int8"
    ranges = [quantised_range(float(found.min()), float(found.max())) for found in network.activations(sample)]
    source = at = graph.tensor("x", [batch, network.weights[0].shape[0]], _FLOAT32)
    if full:
        scale, zero = ranges[0]
        at = graph.tensor("x_q", [batch, network.weights[0].shape[0]], _INT8, scale=scale, zero=zero)
        graph.operator(_QUANTIZE, 1, [source], at)
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        turned = np.ascontiguousarray(weight.T)
        outputs = len(bias)
        if kind == "float32":
            weights = graph.tensor(f"w{number}", list(turned.shape), _FLOAT32, turned)
        else:
            small, scales = quantised_weights(turned, per_channel=full)
            weights = graph.tensor(f"w{number}", list(turned.shape), _INT8, small, scale=scales)
        if full:
            steps = np.float64(ranges[number][0]) * scales
            whole = np.clip(np.rint(bias / steps), -(2**31), 2**31 - 1).astype(np.int32)
            biases = graph.tensor(f"b{number}", [outputs], _INT32, whole, scale=steps)
            scale, zero = ranges[number + 1]
            to = graph.tensor(f"h{number}", [batch, outputs], _INT8, scale=scale, zero=zero)
        else:
            biases = graph.tensor(f"b{number}", [outputs], _FLOAT32, bias.astype(np.float32))
            to = graph.tensor(f"h{number}", [batch, outputs], _FLOAT32)
        graph.operator(_FULLY_CONNECTED, _VERSION[kind], [at, weights, biases], to, relu=number < last)
        at = to
    if full:
        result = graph.tensor("y", [batch, len(network.biases[-1])], _FLOAT32)
        graph.operator(_DEQUANTIZE, 2, [at], result)
        at = result
    return graph.finish(source, at, description)
