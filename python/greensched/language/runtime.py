"""Sessions of onnxruntime: from a graph and its weights, with threads that sleep when they have nothing to do."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from greensched.core.errors import ConfigError, PredictorError
from greensched.language.graph import IR, OPSET, Graph

ERRORS_ONLY = 3


class InPlace:
    """Tensors that a graph reads and writes where they lie; memory is taken as far as they are written.

    Args:
        names: of each, as an input and as an output.
        sizes: of every one, float32.
    """

    def __init__(self, names: list[tuple[str, str]], sizes: tuple[int, ...]) -> None:
        import onnxruntime as ort

        # zeros that nobody has touched are no memory yet
        self.tensors = [(*pair, ort.OrtValue.ortvalue_from_numpy(np.zeros(sizes, np.float32))) for pair in names]


class Session:
    """A graph, ready to run.

    Args:
        graph: nodes and weights; the latter are given away.
        outputs: names of results.
        threads: within one operator; None for as many as this process has cores.

    Raises:
        ConfigError: ``threads`` is below 1, or int8 is not exact on this processor.
        PredictorError: the runtime refuses the graph.
    """

    def __init__(self, graph: Graph, outputs: list[str], threads: int | None = None) -> None:
        import onnxruntime as ort

        # the runtime copies what it repacks and reads the rest where it lies, as long as the session lives
        self._kept = {name: ort.OrtValue.ortvalue_from_numpy(values) for name, values in graph.weights.items()}
        settings = _settings(threads)
        settings.add_external_initializers(list(self._kept), list(self._kept.values()))
        try:
            model = graph.proto(outputs).SerializeToString()
            self._session = ort.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library raises several kinds, none of them public
            raise PredictorError(f"onnxruntime {ort.__version__} refuses the base model's graph: {error}") from error
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: dict[str, NDArray[Any]], names: list[str] | None = None) -> list[NDArray[Any]]:
        """The results ``names``, all if None."""
        return [np.asarray(result) for result in self._session.run(names or self._names, inputs)]

    def run_in_place(self, inputs: dict[str, NDArray[Any]], kept: InPlace, names: list[str]) -> list[NDArray[Any]]:
        """The results ``names``; the tensors ``kept`` are inputs, and hold the outputs of theirs afterwards."""
        binding = self._session.io_binding()
        for name, values in inputs.items():
            binding.bind_cpu_input(name, values)
        for before, after, tensor in kept.tensors:
            binding.bind_ortvalue_input(before, tensor)
            binding.bind_ortvalue_output(after, tensor)
        for name in names:
            binding.bind_output(name)
        self._session.run_with_iobinding(binding)
        found = dict(zip([name for _, name, _ in kept.tensors] + names, binding.get_outputs(), strict=True))
        return [np.asarray(found[name].numpy()) for name in names]


def _settings(threads: int | None) -> Any:
    import onnxruntime as ort

    if threads is not None and threads < 1:
        raise ConfigError(f"threads: {threads}; expected 1 or more, or none for as many as there are cores")
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
    settings.inter_op_num_threads = 1
    settings.enable_mem_pattern = False  # a plan of memory per shape; shapes vary
    settings.log_severity_level = ERRORS_ONLY
    # the world computes on the same cores: threads that spin between operators would take them from it
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return settings


def require_exact_int8() -> None:
    """Refuse int8 where the processor's instruction for it overflows silently (x86 without VNNI).

    Raises:
        ConfigError: it does here.
    """
    if not int8_is_exact():
        raise ConfigError(
            "precision 'int8' is not exact on this processor (its products of bytes saturate); use 'fp32': the same "
            "accuracy, slower"
        )


def precision_here(asked: str, trained: str = "int8") -> str:
    """The precision to serve in: what was asked for; for ``auto`` as trained, or fp32 where int8 is not exact."""
    if asked != "auto":
        return asked
    return trained if trained == "fp32" or int8_is_exact() else "fp32"


@functools.cache
def int8_is_exact() -> bool:
    """Whether sums of the largest products of bytes come out right here."""
    import onnxruntime as ort

    node = helper.make_node("MatMulInteger", ["a", "b"], ["c"])
    inputs = [
        helper.make_tensor_value_info("a", TensorProto.UINT8, [2, 64]),
        helper.make_tensor_value_info("b", TensorProto.INT8, [64, 64]),
    ]
    output = helper.make_tensor_value_info("c", TensorProto.INT32, [2, 64])
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(helper.make_graph([node], "probe", inputs, [output]), opset_imports=opset, ir_version=IR)
    session = ort.InferenceSession(model.SerializeToString(), _settings(1), providers=["CPUExecutionProvider"])
    a, b = np.full((2, 64), 255, np.uint8), np.full((64, 64), 127, np.int8)
    return bool((session.run(None, {"a": a, "b": b})[0] == 255 * 127 * 64).all())
