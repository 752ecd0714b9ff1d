"""The arithmetic of a Llama as an ONNX graph, built from its weights.

One graph serves whole texts and steps of generation: the attention operator of onnxruntime takes keys and values of
earlier tokens, and none of them is the case of a text that begins. It is causal, so that what pads a text to the right
of its tokens never reaches them and no mask is needed.

In int8 a row of activations is scaled by its own largest value (not, as usual, by that of all rows), so that a token's
state does not depend on what else is computed with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from greensched.core.errors import ConfigError
from greensched.language.base import BaseModel
from greensched.language.tensors import F32

OPSET, IR = 23, 11
MICROSOFT = "com.microsoft"
PRECISIONS = ("fp32", "int8")
LEVELS = 127.0  # of an int8 to either side of 0
INPUT, PAST, TOTAL = "embeddings", "last_index", "total_tokens"
LONGEST = 8192  # positions that a graph knows; a base model may know fewer
# the runtime wants to know these when it looks at the graph: they are in it
FIXED: dict[str, NDArray[Any]] = {
    "per_level": np.array(1 / LEVELS, np.float32), "tiny": np.array(1e-30, np.float32), "one": np.array(1, np.float32),
    "middle": np.array(128, np.uint8), "last_axis": np.array([-1], np.int64),
}  # fmt: skip


class Graph:
    """Collects nodes and weights of a model.

    Args:
        model: where weights come from.
        precision: ``fp32`` or ``int8``.
        caching: keys and values of each layer go in (``past_key_0``) and out (``key_0``).

    Raises:
        ConfigError: another precision.
    """

    def __init__(self, model: BaseModel, precision: str = "fp32", *, caching: bool = False) -> None:
        if precision not in PRECISIONS:
            raise ConfigError(f"precision '{precision}': expected {' or '.join(PRECISIONS)}")
        self._model, self._shape = model, model.shape
        self._int8, self._caching = precision == "int8", caching
        self._nodes: list[NodeProto] = []
        self.weights: dict[str, NDArray[Any]] = {}
        self._quantised: dict[str, tuple[str, str]] = {}
        self.outputs: list[str] = []
        self.positions = min(self._shape.positions, LONGEST)
        angles = np.arange(self.positions)[:, None] * self._shape.rope_inverse[None, :]
        self.weights |= {"cos": np.cos(angles).astype(np.float32), "sin": np.sin(angles).astype(np.float32)}

    def layer(self, index: int, entering: str) -> str:
        """Add a layer; returns the name of its states."""
        p = f"l{index}."
        normed = self.norm(entering, self._model.norm(index, "input_layernorm"), p + "n1")
        attended = self._attention(index, normed)
        self._op("Add", [entering, self._project(attended, index, ["o_proj"], p + "o")], p + "middle")
        normed = self.norm(p + "middle", self._model.norm(index, "post_attention_layernorm"), p + "n2")
        gate, up = (self._project(normed, index, [f"{name}_proj"], p + name) for name in ("gate", "up"))
        self._op("Sigmoid", [gate], p + "sigmoid")
        self._op("Mul", [gate, p + "sigmoid"], p + "silu")
        self._op("Mul", [p + "silu", up], p + "product")
        self._op("Add", [p + "middle", self._project(p + "product", index, ["down_proj"], p + "down")], p + "out")
        return p + "out"

    def norm(self, entering: str, gain: F32, name: str) -> str:
        """Add a root-mean-square norm; returns the name of its result."""
        self.weights[name + ".gain"] = gain
        self._op("RMSNormalization", [entering, name + ".gain"], name, axis=-1, epsilon=self._shape.norm_epsilon)
        return name

    def last_token(self, entering: str) -> str:
        """Add a choice of the last token's state, (texts, hidden); returns its name."""
        self.weights["last_token"] = np.array(-1, np.int64)
        self._op("Gather", [entering, "last_token"], entering + ".of_last", axis=1)
        return entering + ".of_last"

    @property
    def remembered(self) -> list[tuple[str, str]]:
        """Names of keys and values of all layers, as they go in and as they come out; none unless caching."""
        layers = range(self._model.layers if self._caching else 0)
        return [(f"past_{kind}_{index}", f"{kind}_{index}") for index in layers for kind in ("key", "value")]

    def matrix(self, entering: str, weight: F32, name: str) -> str:
        """Add a product with ``weight`` (out, in); returns the name of its result."""
        if not self._int8:
            self.weights[name + ".w"] = np.ascontiguousarray(weight.T)
            self._op("MatMul", [entering, name + ".w"], name)
            return name
        values, scales = quantised(weight)
        self.weights |= {name + ".w": np.ascontiguousarray(values.T), name + ".s": scales}
        rows, row_scales = self._rows(entering)
        inputs = [rows, name + ".w", "one", name + ".s", "middle"]
        self._op("MatMulIntegerToFloat", inputs, name + ".unscaled", domain=MICROSOFT)
        self._op("Mul", [name + ".unscaled", row_scales], name)
        return name

    def _rows(self, name: str) -> tuple[str, str]:
        """Activations as bytes around 128 and the scale of each row; made once for all that read them."""
        if name not in self._quantised:
            self._op("Abs", [name], name + ".abs")
            self._op("ReduceMax", [name + ".abs", "last_axis"], name + ".max", keepdims=1)
            self._op("Max", [name + ".max", "tiny"], name + ".above0")
            self._op("Mul", [name + ".above0", "per_level"], name + ".scale")
            self._op("Div", [name, name + ".scale"], name + ".levels")
            self._op("QuantizeLinear", [name + ".levels", "one", "middle"], name + ".bytes")
            self._quantised[name] = (name + ".bytes", name + ".scale")
        return self._quantised[name]

    def _attention(self, index: int, entering: str) -> str:
        p = f"l{index}."
        joined = self._project(entering, index, ["q_proj", "k_proj", "v_proj"], p + "qkv")
        past = [f"past_key_{index}", f"past_value_{index}"] if self._caching else ["", ""]
        now = [f"key_{index}", f"value_{index}"] if self._caching else [p + "key", p + "value"]
        self._op(
            "GroupQueryAttention", [joined, "", "", *past, PAST, TOTAL, "cos", "sin"], p + "attended", *now,
            domain=MICROSOFT, num_heads=self._shape.heads, kv_num_heads=self._shape.kv_heads, do_rotary=1,
        )  # fmt: skip
        return p + "attended"

    def _project(self, entering: str, layer: int, names: list[str], name: str) -> str:
        result = self.matrix(entering, np.concatenate([self._model.projection(layer, n) for n in names]), name)
        biases = [bias for bias in (self._model.bias(layer, n) for n in names) if bias is not None]
        if not biases:
            return result
        self.weights[name + ".bias"] = np.concatenate(biases)
        self._op("Add", [result, name + ".bias"], name + ".biased")
        return name + ".biased"

    def _op(self, kind: str, inputs: list[str], *outputs: str, domain: str = "", **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, list(outputs), domain=domain, **attributes))

    def proto(self, outputs: list[str]) -> ModelProto:
        """The model, with its weights named and not contained.

        They are handed to the runtime beside it: no copy, and not the limit of 2 GB that a message has.
        """
        floats, ints = TensorProto.FLOAT, TensorProto.INT32
        inputs = [
            helper.make_tensor_value_info(INPUT, floats, ["texts", "tokens", self._shape.hidden]),
            helper.make_tensor_value_info(PAST, ints, ["texts"]),
            helper.make_tensor_value_info(TOTAL, ints, []),
        ]
        results = list(outputs)
        sizes: list[str | int | None] = ["texts", self._shape.kv_heads, "past", self._shape.head_dim]
        for before, after in self.remembered:
            inputs.append(helper.make_tensor_value_info(before, floats, sizes))
            results.append(after)
        found = [helper.make_tensor_value_info(name, floats, None) for name in results]
        weights = [_named(name, values) for name, values in self.weights.items()]
        weights += [numpy_helper.from_array(values, name) for name, values in FIXED.items() if self._int8]
        graph = helper.make_graph(self._nodes, "llama", inputs, found, weights)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def quantised(weight: F32) -> tuple[NDArray[np.int8], F32]:
    """A matrix (out, in) as int8 with one scale per row, (out,); symmetric around 0."""
    scales = np.maximum(np.abs(weight).max(axis=1), 1e-30) / np.float32(LEVELS)
    return np.rint(weight / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def _named(name: str, values: NDArray[Any]) -> TensorProto:
    tensor = TensorProto(name=name, dims=values.shape, data_type=helper.np_dtype_to_tensor_dtype(values.dtype))
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "memory"), ("offset", "0"), ("length", str(values.nbytes))):
        tensor.external_data.add(key=key, value=value)
    return tensor
