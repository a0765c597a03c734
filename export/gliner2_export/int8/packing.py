"""Large embedding tables in fewer than eight bits per weight, unpacked for the rows of the text only.

A vocabulary is ordered by frequency (SentencePiece and WordPiece number their pieces so), hence the first
eighth of the rows, which most tokens of a text are, stays int8 with a scale per row. The rest is stored in
five bits with a scale per block of columns: four bits in one plane, the fifth in another, which the rarest
half of the vocabulary goes without. In the graph all are gathered and the right one is chosen per token: a
few dozen small nodes per call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, TensorProto

from gliner2_export.onnx_graph.edit import GraphEditor, NewNodes

FREQUENT_SHARE = 8  # one row in so many stays int8
RAREST_SHARE = 2  # one row in so many, from the end, has four bits
BLOCK = 64  # columns per scale
LEVELS = 15  # codes of five bits are −15 … 15, stored + 16
FEW_LEVELS = 7  # codes of four bits are −7 … 7, stored + 8
SHRINK = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # largest code as a share of the block's largest weight


@dataclass(frozen=True)
class PackedTable:
    """The rows of a table in five bits, and behind them those in four.

    ``nibbles`` uint8 [V, H/2]: low four bits of columns 0 … H/2−1 (low half of the byte) and the rest
    (high half); ``fifths`` uint8 [F, H/8], F rows only: bit j is the fifth bit of columns j·H/8 …;
    ``scales`` float16 [V, H/64].
    """

    nibbles: np.ndarray
    fifths: np.ndarray
    scales: np.ndarray

    def unpack(self) -> np.ndarray:
        """The table as float32 [V, H], as the graph computes it."""
        codes = np.concatenate([self.nibbles & 15, self.nibbles >> 4], axis=1).astype(np.float32)
        high = np.concatenate([(self.fifths >> bit) & 1 for bit in range(8)], axis=1)
        five = len(self.fifths)
        codes[:five] += 16 * high.astype(np.float32) - 16
        codes[five:] -= 8
        return codes * np.repeat(self.scales.astype(np.float32), BLOCK, axis=1)


def can_pack(table: np.ndarray) -> bool:
    """Whether the columns divide into blocks."""
    return table.ndim == 2 and table.shape[1] % BLOCK == 0


def pack(table: np.ndarray, *, rarest: int = 0) -> PackedTable:
    """``table`` [V, H] in five bits, the last ``rarest`` rows in four."""
    rows, columns = table.shape
    five = rows - rarest
    codes, scales = _codes(table[:five], LEVELS)
    few_codes, few_scales = _codes(table[five:], FEW_LEVELS)
    codes, few = (codes + 16).astype(np.uint8), (few_codes + 8).astype(np.uint8)
    low, high = np.concatenate([codes & 15, few]), codes >> 4
    half, eighth = columns // 2, columns // 8
    fifths = np.zeros((five, eighth), dtype=np.uint8)
    for bit in range(8):
        fifths |= high[:, bit * eighth : (bit + 1) * eighth] << bit
    return PackedTable(low[:, :half] | (low[:, half:] << 4), fifths, np.concatenate([scales, few_scales]))


def _codes(table: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 codes −levels … levels [V, H] and float16 scales [V, H/64] of least squared error per block."""
    rows, columns = table.shape
    blocks = table.reshape(rows, columns // BLOCK, BLOCK).astype(np.float32)
    largest = np.abs(blocks).max(axis=2, keepdims=True)
    best_codes = np.zeros(blocks.shape, dtype=np.int8)
    best_scales = np.zeros(largest.shape, dtype=np.float16)
    best_error = np.full(largest.shape, np.inf, dtype=np.float32)
    for share in SHRINK:
        scales = (largest * (share / levels)).astype(np.float16)
        wide = np.maximum(scales.astype(np.float32), np.finfo(np.float16).tiny)
        codes = np.clip(np.rint(blocks / wide), -levels, levels)
        error = ((codes * scales - blocks) ** 2).sum(axis=2, keepdims=True)
        better = error < best_error
        best_codes = np.where(better, codes, best_codes).astype(np.int8)
        best_scales = np.where(better, scales, best_scales)
        best_error = np.where(better, error, best_error)
    return best_codes.reshape(rows, columns), best_scales[:, :, 0]


def read_packed(
    graph: GraphEditor, frequent: tuple[np.ndarray, np.ndarray], rare: PackedTable, ids: str, output: str
) -> list[NodeProto]:
    """Nodes that give ``output`` = the table's rows at ``ids``; their constants are stored in ``graph``.

    ``frequent`` are int8 rows [K, H] and their scales [K, 1]; ``rare`` the rows from K on.
    """
    make = NewNodes(graph, f"{output}/packed/")
    count = len(frequent[0])
    limit = make.constant("frequent_rows", np.int64(count))
    is_rare = make.add("GreaterOrEqual", ids, limit)

    common = make.add("Min", ids, make.constant("last_frequent", np.int64(count - 1)))
    integers = make.add("Gather", make.constant("integers", frequent[0]), common)
    scales = make.add("Gather", make.constant("scales", frequent[1]), common)
    dense = make.add("Mul", make.add("Cast", integers, to=TensorProto.FLOAT), scales)

    zero = make.constant("zero", np.int64(0))
    place = make.add("Max", make.add("Sub", ids, limit), zero)
    unpacked = _unpack(make, rare, place)
    last = make.constant("last_axis", np.array([-1], dtype=np.int64))
    chosen = make.add("Unsqueeze", is_rare, last)
    make.add("Where", chosen, unpacked, dense, output=output, name=f"{output}/node")
    return make.nodes


def _unpack(make: NewNodes, rare: PackedTable, place: str) -> str:
    """Nodes for :meth:`PackedTable.unpack` of the rows at ``place``."""
    five = len(rare.fifths)
    in_five = make.add("Min", place, make.constant("last_of_five_bits", np.int64(five - 1)))
    has_four = make.add("GreaterOrEqual", place, make.constant("rows_of_five_bits", np.int64(five)))
    nibbles = make.add("Gather", make.constant("nibbles", rare.nibbles), place)
    fifths = make.add("Gather", make.constant("fifths", rare.fifths), in_five)
    scales = make.add("Gather", make.constant("block_scales", rare.scales), place)
    shift = {bit: make.constant(f"shift_{bit}", np.uint8(bit)) for bit in range(8)}

    def moved(value: str, bits: int, direction: str) -> str:
        return make.add("BitShift", value, shift[bits], direction=direction) if bits else value

    low = moved(moved(nibbles, 4, "LEFT"), 4, "RIGHT")  # bits pushed out on the left are lost
    four = make.add("Concat", low, moved(nibbles, 4, "RIGHT"), axis=-1)
    bits = [moved(moved(fifths, 7 - bit, "LEFT"), 7, "RIGHT") for bit in range(8)]
    fifth = make.add("Concat", *bits, axis=-1)
    four, fifth = (make.add("Cast", plane, to=TensorProto.FLOAT) for plane in (four, fifth))
    sixteen, less, less_of_four = (
        make.constant(name, np.float32(value))
        for value, name in ((16, "sixteen"), (-16, "offset"), (-8, "offset_of_four_bits"))
    )
    high = make.add("Add", make.add("Mul", fifth, sixteen), less)
    row = make.add("Unsqueeze", has_four, make.constant("row_axis", np.array([-1], dtype=np.int64)))
    codes = make.add("Add", four, make.add("Where", row, less_of_four, high))

    blocks = rare.scales.shape[1]
    split = make.constant("split", np.array([0, 0, blocks, BLOCK], dtype=np.int64))
    joined = make.constant("joined", np.array([0, 0, blocks * BLOCK], dtype=np.int64))
    wide = make.add("Cast", scales, to=TensorProto.FLOAT)
    last = make.constant("scale_axis", np.array([-1], dtype=np.int64))
    scaled = make.add("Mul", make.add("Reshape", codes, split), make.add("Unsqueeze", wide, last))
    return make.add("Reshape", scaled, joined)
