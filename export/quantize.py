"""fp32 graph → int8 graph through Optimum's ORTQuantizer (dynamic, per channel)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantFormat, QuantizationMode, QuantType
from optimum.onnxruntime import ORTQuantizer
from optimum.onnxruntime.configuration import QuantizationConfig
from transformers import PretrainedConfig

from gliner2_export.convert import move_weights_out

#: MatMul covers Gemm (the quantizer rewrites Gemm first); Gather is the embedding tables.
OPERATORS = ["MatMul", "Gather"]


def quantize_int8(fp32_graph: Path, out: Path, *, encoder_config: PretrainedConfig) -> None:
    """Quantize the ONNX file ``fp32_graph`` into ``out`` (an ``.onnx`` path; data beside it when large)."""
    config = QuantizationConfig(
        is_static=False,
        format=QuantFormat.QOperator,
        mode=QuantizationMode.IntegerOps,
        activations_dtype=QuantType.QUInt8,
        weights_dtype=QuantType.QInt8,
        per_channel=True,
        operators_to_quantize=OPERATORS,
        nodes_to_exclude=products_of_activations(fp32_graph),
    )
    # ORTQuantizer also writes configuration files and picks the file name: let it work in a place of its own.
    with tempfile.TemporaryDirectory(dir=out.parent) as place:
        quantizer = ORTQuantizer(fp32_graph, config=encoder_config)
        quantizer.quantize(config, save_dir=place, file_suffix="int8")
        (Path(place) / f"{fp32_graph.stem}_int8.onnx").rename(out)
    move_weights_out(out)


def products_of_activations(graph: Path) -> list[str]:
    """Names of the MatMul nodes without a constant operand (the two products of attention).

    They stay fp32: quantizing both sides on the fly costs more accuracy than time is won.
    """
    model = onnx.load(graph, load_external_data=False)
    constants = {initializer.name for initializer in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul" and not constants.intersection(node.input)
    ]
