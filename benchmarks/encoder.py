"""How fast a base model reads texts: fp32 and int8, onnxruntime beside what else could have served.

The first layers of SmolLM2-135M on texts of 20, 50 and 200 tokens, on 64 and 1,000 texts of 25 tokens. Rivals take
turns, so that a busy machine is busy for all; ratios are medians over turns. OpenVINO does not know onnxruntime's own
operators: both read one graph of plain ones, in an environment that has both (``--openvino PYTHON``).

    python benchmarks/encoder.py [--quick] [--openvino PYTHON]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from harness import Report

REPO = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPO / "python"), str(REPO / "benchmarks")]

from greensched.language import Encoder  # noqa: E402
from greensched.language.base import BaseModel  # noqa: E402

LAYERS = 3
SHAPES = ((1, 20), (1, 50), (1, 200), (64, 25), (1000, 25))  # texts, tokens of each
WORDS = (
    "train bert resnet imagenet epochs fp16 resume from checkpoint nightly etl orders sample batch squad render".split()
)


def texts_of(encoder: Encoder, count: int, tokens: int) -> list[str]:
    """Texts of exactly ``tokens`` tokens."""
    rng = np.random.default_rng(tokens)
    texts = []
    while len(texts) < count:
        found = " ".join(rng.choice(WORDS, tokens))
        spans = encoder.tokenizer.encode([found], max_tokens=100_000).spans
        texts.append(found[: spans[tokens - 1][1]])
    return texts


class Numpy:
    """The same layers in numpy, one text or texts of one length: what no runtime at all would cost."""

    def __init__(self, model: BaseModel) -> None:
        self.model, s = model, model.shape
        self.w = [
            {n: model.projection(i, n + "_proj").T.copy() for n in ("q", "k", "v", "o", "gate", "up", "down")}
            | {n: model.norm(i, n) for n in ("input_layernorm", "post_attention_layernorm")}
            for i in range(model.layers)
        ]
        angles = np.arange(s.positions)[:, None] * s.rope_inverse
        self.cos, self.sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def run(self, x: np.ndarray) -> np.ndarray:
        """States (texts, tokens, hidden) after the last layer."""
        s, eps = self.model.shape, np.float32(self.model.shape.norm_epsilon)
        mask = np.triu(np.full((x.shape[1], x.shape[1]), -np.inf, np.float32), 1)
        for w in self.w:
            n = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w["input_layernorm"]
            q, k, v = (self._heads(n @ w[name]) for name in ("q", "k", "v"))
            q, k = self._turn(q), np.repeat(self._turn(k), s.heads // s.kv_heads, 1)
            a = q @ k.swapaxes(-1, -2) / np.float32(s.head_dim**0.5) + mask
            a = np.exp(a - a.max(-1, keepdims=True))
            a = a / a.sum(-1, keepdims=True) @ np.repeat(v, s.heads // s.kv_heads, 1)
            x = x + a.swapaxes(1, 2).reshape(*x.shape[:2], -1) @ w["o"]
            n = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w["post_attention_layernorm"]
            gate = n @ w["gate"]
            x = x + (gate / (1 + np.exp(-gate)) * (n @ w["up"])) @ w["down"]
        return x

    def _heads(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:2], -1, self.model.shape.head_dim).swapaxes(1, 2)

    def _turn(self, x: np.ndarray) -> np.ndarray:
        a, b = np.split(x, 2, axis=-1)
        cos, sin = self.cos[: x.shape[2]], self.sin[: x.shape[2]]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def side_by_side(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of each call, in turns; the first round is for warming up."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            spent[name].append(time.perf_counter() - began)
    return {name: np.array(values[1:]) for name, values in spent.items()}


OPENING = """
import sys, time
from pathlib import Path
def rss_kb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])
from greensched.language import Encoder
began, before_kb = time.perf_counter(), rss_kb()
encoder = Encoder.open(layers=(int(sys.argv[2]),), precision=sys.argv[1])
print(time.perf_counter() - began, (rss_kb() - before_kb) / 1e3)
encoder.encode(["run 25 epochs of resnet50 on imagenet, batch 256, resume from checkpoint"] * 1000)
print(0, (rss_kb() - before_kb) / 1e3)
"""


def opening(report: Report, precision: str, rounds: int) -> None:
    """Time and memory of opening in a new process; what is converted once is converted by then."""
    lines = []
    for _ in range(rounds):
        command = [sys.executable, "-c", OPENING, precision, str(LAYERS)]
        environment = os.environ | {"PYTHONPATH": str(REPO / "python")}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        lines.append([[float(word) for word in line.split()] for line in done.stdout.splitlines()])
    found = np.array(lines)
    report.add(precision, "open in a new process, libraries included, least", float(found[:, 0, 0].min()), "s", 1.0)
    report.add(precision, "memory after opening", float(np.median(found[:, 0, 1])), "MB")
    report.add(precision, "memory after 1,000 texts", float(np.median(found[:, 1, 1])), "MB")


def measure(report: Report, encoders: dict[str, Encoder], plain: Numpy, count: int, tokens: int, rounds: int) -> None:
    """One size of batch."""
    texts = texts_of(encoders["fp32"], count, tokens)
    case = f"{count:,} x {tokens} tokens"
    calls: dict[str, Callable[[], object]] = {
        name: (lambda encoder=encoder: encoder.encode(texts)) for name, encoder in encoders.items()
    }
    found = encoders["fp32"].tokenizer.encode(texts)
    if count == 1:
        calls["numpy fp32"] = lambda: plain.run(plain.model.embed(found.ids).reshape(count, tokens, -1))
    spent = side_by_side(calls, rounds)
    for name, values in spent.items():
        report.add(case, f"{name}, per text p50", float(np.median(values)) / count * 1e3, "ms")
        report.add(case, f"{name}, per text least", float(values.min()) / count * 1e3, "ms")
    report.add(case, "fp32 / int8", float(np.median(spent["fp32"] / spent["int8"])), "x")
    if count == 1:
        report.add(case, "numpy / fp32", float(np.median(spent["numpy fp32"] / spent["fp32"])), "x")


def openvino(report: Report, python: str, model: BaseModel, quick: bool) -> None:
    """OpenVINO and onnxruntime on one graph of plain operators, in an environment that has both."""
    from encoder_openvino import write_graph

    path = REPO / "benchmarks" / "results" / ".encoder.onnx"
    try:
        write_graph(model, path)
        script = str(REPO / "benchmarks" / "encoder_openvino.py")
        done = subprocess.run([python, script, str(path), "3" if quick else "15"], capture_output=True, text=True)
        for line in done.stdout.splitlines():
            case, metric, value, unit = line.split("\t")
            report.add(case, metric, float(value), unit)
        if done.returncode != 0:
            print(done.stderr[-2000:], file=sys.stderr)
    finally:
        path.unlink(missing_ok=True)


def main() -> int:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no batch of 1,000")
    parser.add_argument("--openvino", metavar="PYTHON", help="an interpreter with openvino and onnxruntime")
    options = parser.parse_args()
    report = Report("encoder", options.quick)
    encoders = {precision: Encoder.open(layers=(LAYERS,), precision=precision) for precision in ("fp32", "int8")}
    for precision in encoders:
        opening(report, precision, 2 if options.quick else 5)
    model = BaseModel.open("smollm2-135m", LAYERS)
    plain = Numpy(model)
    ids = encoders["fp32"].encode(["train resnet50 for 90 epochs"])
    ours, theirs = ids.states, plain.run(model.embed(ids.ids)[None])[0]
    distance = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    report.add("numpy against onnxruntime", "largest relative distance", distance, "", 1e-4)
    few, many = (3, 9) if options.quick else (7, 41)
    for count, tokens in SHAPES[: -1 if options.quick else None]:
        measure(report, encoders, plain, count, tokens, many if count == 1 else few)
    if options.openvino:
        openvino(report, options.openvino, model, options.quick)
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
