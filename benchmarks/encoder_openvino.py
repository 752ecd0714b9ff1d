"""The rival of `encoder.py`: OpenVINO against onnxruntime, on one ONNX graph of plain operators (opset 17), fp32.

`write_graph` runs beside GreenSched; the script itself runs in an environment with openvino and onnxruntime:

    python benchmarks/encoder_openvino.py GRAPH ROUNDS
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SHAPES = ((1, 20), (1, 50), (1, 200), (64, 25))


class Nodes:
    """Operators and constants of a graph, as they are added."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._values: dict[str, Any] = {}

    def op(self, kind: str, *inputs: Any, out: str, **attributes: Any) -> str:
        """Add an operator; inputs are names or constants. Returns the name of its result."""
        from onnx import helper

        names = []
        for value in inputs:
            if not isinstance(value, str):
                self._values[f"c{len(self._values)}"] = np.asarray(value)
                value = f"c{len(self._values) - 1}"
            names.append(value)
        self._nodes.append(helper.make_node(kind, names, [out], **attributes))
        return out

    def save(self, last: str, hidden: int, path: Path) -> None:
        """Write the graph from ``x`` to ``last``."""
        from onnx import TensorProto, helper, numpy_helper, save

        sizes = ["texts", "tokens", hidden]
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name in ("x", last)]
        weights = [numpy_helper.from_array(np.ascontiguousarray(v), name) for name, v in self._values.items()]
        graph = helper.make_graph(self._nodes, "plain", ends[:1], ends[1:], weights)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def write_graph(model: Any, path: Path) -> None:
    """The layers of ``model`` (a `greensched.language.base.BaseModel`) as ONNX; texts × tokens × hidden, free sizes."""
    s, nodes = model.shape, Nodes()
    op = nodes.op

    def norm(x: str, gain: Any, p: str) -> str:
        mean = op("ReduceMean", op("Mul", x, x, out=p + "sq"), out=p + "mean", axes=[-1])
        root = op("Sqrt", op("Add", mean, np.float32(s.norm_epsilon), out=p + "eps"), out=p + "root")
        return op("Mul", op("Div", x, root, out=p + "unit"), gain, out=p + "n")

    def heads(x: str, count: int, p: str) -> str:
        split = op("Reshape", x, np.array([0, 0, count, s.head_dim]), out=p + "split")
        return op("Transpose", split, out=p + "heads", perm=[0, 2, 1, 3])

    def turn(x: str, p: str) -> str:
        half = s.head_dim // 2
        a = op("Slice", x, np.array([0]), np.array([half]), np.array([3]), out=p + "a")
        b = op("Slice", x, np.array([half]), np.array([2 * half]), np.array([3]), out=p + "b")
        swapped = op("Concat", op("Neg", b, out=p + "neg"), a, out=p + "swapped", axis=3)
        return op("Add", op("Mul", x, "cos", out=p + "xc"), op("Mul", swapped, "sin", out=p + "xs"), out=p + "turned")

    def repeat(x: str, p: str) -> str:
        each = s.heads // s.kv_heads
        wide = op("Concat", *[op("Unsqueeze", x, np.array([2]), out=p + "u")] * each, out=p + "wide", axis=2)
        sizes = np.array([0, s.heads, -1, s.head_dim])
        return op("Reshape", wide, sizes, out=p + "rep")

    length = op("Slice", op("Shape", "x", out="shape"), np.array([1]), np.array([2]), out="length")
    angles = np.arange(512)[:, None] * np.concatenate([s.rope_inverse] * 2)
    for name, table in (("cos", np.cos(angles)), ("sin", np.sin(angles))):
        op("Slice", table.astype(np.float32), np.array([0]), length, np.array([0]), out=name)
    square = op("Concat", length, length, out="square", axis=0)
    mask = np.triu(np.full((512, 512), -1e30, np.float32), 1)
    op("Slice", mask, np.array([0, 0]), square, np.array([0, 1]), out="mask")
    x = "x"
    for i in range(model.layers):
        p = f"l{i}"
        n = norm(x, model.norm(i, "input_layernorm"), p + "i")
        q, k, v = (op("MatMul", n, model.projection(i, f"{w}_proj").T.copy(), out=p + w) for w in "qkv")
        q = turn(heads(q, s.heads, p + "qh"), p + "qt")
        k, v = turn(heads(k, s.kv_heads, p + "kh"), p + "kt"), heads(v, s.kv_heads, p + "vh")
        k, v = repeat(k, p + "kr"), repeat(v, p + "vr")
        scores = op("MatMul", q, op("Transpose", k, out=p + "kT", perm=[0, 1, 3, 2]), out=p + "scores")
        scaled = op("Mul", scores, np.float32(s.head_dim**-0.5), out=p + "scaled")
        soft = op("Softmax", op("Add", scaled, "mask", out=p + "masked"), out=p + "soft", axis=-1)
        mixed = op("Transpose", op("MatMul", soft, v, out=p + "mix"), out=p + "mixT", perm=[0, 2, 1, 3])
        flat = op("Reshape", mixed, np.array([0, 0, -1]), out=p + "flat")
        x = op("Add", x, op("MatMul", flat, model.projection(i, "o_proj").T.copy(), out=p + "o"), out=p + "r")
        n = norm(x, model.norm(i, "post_attention_layernorm"), p + "p")
        gate, up = (op("MatMul", n, model.projection(i, f"{w}_proj").T.copy(), out=p + w) for w in ("gate", "up"))
        silu = op("Mul", gate, op("Sigmoid", gate, out=p + "sig"), out=p + "silu")
        down = op("MatMul", op("Mul", silu, up, out=p + "gu"), model.projection(i, "down_proj").T.copy(), out=p + "d")
        x = op("Add", x, down, out=p + "out")
    nodes.save(x, s.hidden, path)


def main(path: str, rounds: int) -> None:
    """Print one line per figure: case, metric, value, unit."""
    import onnxruntime as ort
    import openvino as ov

    began = time.perf_counter()
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = 2
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    print(f"onnxruntime {ort.__version__}, plain operators\topen\t{time.perf_counter() - began}\ts")
    began = time.perf_counter()
    hints = {"INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    compiled = ov.Core().compile_model(path, "CPU", hints)
    print(f"OpenVINO {ov.__version__.split('-')[0]}, plain operators\topen\t{time.perf_counter() - began}\ts")
    rng = np.random.default_rng(0)
    for count, tokens in SHAPES:
        x = rng.standard_normal((count, tokens, session.get_inputs()[0].shape[2])).astype(np.float32)
        calls = {"onnxruntime": lambda x=x: session.run(None, {"x": x})[0], "OpenVINO": lambda x=x: compiled(x)[0]}
        a, b = (call() for call in calls.values())
        distance = float(np.abs(a - b).max() / np.abs(a).max())
        spent: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                began = time.perf_counter()
                call()
                spent[name].append(time.perf_counter() - began)
        case = f"{count} x {tokens} tokens, plain operators, fp32"
        for name, times in spent.items():
            print(f"{case}\t{name}, per text p50\t{np.median(times) / count * 1e3}\tms")
        print(f"{case}\tOpenVINO / onnxruntime\t{np.median(np.divide(spent['OpenVINO'], spent['onnxruntime']))}\tx")
        print(f"{case}\tlargest relative distance\t{distance}\t")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
