"""Low-rank changes of the base model: they are learned, and what is served is what was learned."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from greensched.cli.train import verdicts  # noqa: E402
from greensched.core.errors import ConfigError, PredictorError  # noqa: E402
from greensched.feedback.outcomes import outcomes  # noqa: E402
from greensched.language import Encoder  # noqa: E402
from greensched.language.base import BaseModel  # noqa: E402
from greensched.learning.llm import adapting, fit, judging, trainer  # noqa: E402
from greensched.learning.llm.adapting import Live  # noqa: E402
from greensched.learning.llm.batches import Batches  # noqa: E402
from greensched.learning.llm.examples import Table, Texts, read, table  # noqa: E402
from greensched.learning.llm.lora import Adapted, Lora  # noqa: E402
from greensched.learning.llm.needs_torch import network_of  # noqa: E402
from greensched.learning.llm.presets import PRESETS, Settings  # noqa: E402
from greensched.predictors.llm.artefact import Artefact  # noqa: E402
from greensched.predictors.llm.head import Head, Sizes  # noqa: E402
from greensched.predictors.llm.inputs import Hosts  # noqa: E402
from greensched.predictors.llm.predictor import LLMPredictor  # noqa: E402
from greensched.predictors.llm.reader import Reader  # noqa: E402
from tests.language.models import write_llama  # noqa: E402
from tests.mind.models import write_log  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers for what it will drop
SIZES = {"d": 16, "terms": 4, "kinds": 2, "roles": 2, "owners": 4, "z": 16, "host": 8}
HOW = Settings(word_epochs=0, second_epochs=0, lora_rank=4, lora_epochs=8, lora_rate=5e-3, read_rate=5e-3, batch=32,
               forget_owner=0.0, forget_estimate=0.0, threads=1)  # fmt: skip
FACTOR = {"zorblax": 4.0, "quixel": 0.25}
TEXTS = ["train bert on squad", "nightly etl of 12 orders, and then some more of the same", "", "zorblax"] * 9


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_llama(folder)
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "feedback.sqlite"
    write_log(path, answers=5)
    return path


@pytest.fixture(scope="module")
def examples(log: Path) -> Table:
    """Jobs that take longer or not as long, which one word of their texts says."""
    found = table([log], trainer.GPU_NAMES, trainer.LEVEL)
    words = np.random.default_rng(0).choice(list(FACTOR), len(found))
    said = [
        text._replace(description=f"{word} of batch {i % 7}")
        for i, (text, word) in enumerate(zip(found.said, words, strict=True))
    ]
    factor = np.repeat([FACTOR[word] for word in words], np.diff(found.first))
    return dataclasses.replace(found, said=said, run_s=found.run_s * factor, energy_kwh=found.energy_kwh * factor)


def begun(base: Path, examples: Table) -> tuple[Artefact, fit.Network, Texts, Encoder]:
    """A model that has learned nothing, and knows no word: the base model reads all of them."""
    encoder = Encoder.open(base, threads=1)
    begin = trainer.new(Sizes(state=encoder.width, owner=encoder.hidden, **SIZES), str(base), (3,), "fp32")
    torch.manual_seed(0)
    network = network_of(begin)
    texts = read(encoder, examples.said)
    fit.standardise(network, texts, 0)
    fit.begin_at_mean(network, examples)
    begin = dataclasses.replace(begin, weights={k: v.astype(np.float16) for k, v in network.weights().items()})
    return judging.calibrated(begin, [(examples, texts)]), network, texts, encoder


def learned(
    base: Path, examples: Table, how: Settings = HOW, lines: list[str] | None = None
) -> list[tuple[Artefact, Batches]]:
    begin, network, texts, encoder = begun(base, examples)
    both = examples, texts
    return adapting.adapted(begin, network, both, both, encoder, how, (lines if lines is not None else []).append)


@pytest.fixture(scope="module")
def outcome(base: Path, examples: Table) -> tuple[Artefact, Artefact, list[str]]:
    """The model that reads, the silent one, and what was told meanwhile."""
    lines: list[str] = []
    (reading, _), (silent, _) = learned(base, examples, lines=lines)
    return reading, silent, lines


def test_learning_lowers_the_loss_and_needs_the_changes(base, examples, outcome):
    reading, silent, lines = outcome
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    assert len(losses) == HOW.lora_epochs and losses[-1] < 0.8 * losses[0]
    plain, changed = Encoder.open(base, threads=1), Encoder.open(base, adapter=reading.adapter, threads=1)

    def off(artefact: Artefact, texts: Texts) -> float:
        told = fit.predictions(network_of(artefact), Batches(examples, texts, artefact.vocabulary))
        return float(np.mean(np.abs(told[0] - np.log(examples.run_s))))

    told, frozen = off(reading, read(changed, examples.said)), off(reading, read(plain, examples.said))
    assert told < 0.9 * off(silent, read(plain, examples.said).unread()) and told < frozen


def test_an_adapter_changes_states_and_what_is_remembered_by_them(base, outcome):
    reading, silent, _ = outcome
    plain, changed = Encoder.open(base, threads=1), Encoder.open(base, adapter=reading.adapter, threads=1)
    before, after = plain.encode(TEXTS).states, changed.encode(TEXTS).states
    assert np.linalg.norm(after - before) > 0.01 * np.linalg.norm(before)
    assert plain.fingerprint != changed.fingerprint
    assert reading.digest != dataclasses.replace(reading, adapter={}).digest
    assert reading.reads and reading.precision == "fp32"
    assert not silent.reads and not silent.adapter


def test_served_answers_are_the_trained_ones(base, log, examples, outcome, tmp_path):
    """Energy and run time of every pair, by onnxruntime with merged weights and by torch with `peft`."""
    reading, _, _ = outcome
    reading.save(tmp_path / "model")
    served = LLMPredictor(str(tmp_path / "model"), threads=1)
    assert served.version.endswith("-fp32")
    changed = Adapted(BaseModel.open(base, 3), (3,), Lora(HOW.lora_rank), seed=1)
    changed.put(served.artefact.adapter)
    live = Live(examples, served.encoder, reading.vocabulary, changed)
    trained = fit.predictions(network_of(served.artefact), live)
    head = Head(served.artefact.weights, served.artefact.sizes)
    pooled, _ = Reader(served.encoder, head, reading.vocabulary).pooled(examples.said)
    found, at = [], 0
    for part in outcomes(log):
        pairs = Hosts(part.observation.world, reading.gpu_names).pairs(part.observation, part.tasks)
        told = head.predict(pooled[at : at + len(part.tasks)], examples.job[at : at + len(part.tasks)], pairs)
        found.append(np.stack([column[part.row, part.dc] for column in told[:2]]))
        at += len(part.tasks)
    assert at == len(examples)
    np.testing.assert_allclose(np.exp(np.concatenate(found, axis=1)), np.exp(np.stack(trained[:2])), rtol=1e-4)


@pytest.mark.parametrize("layers", [(3,), (1, 2)])
def test_changes_are_merged_as_they_are_trained(base, layers):
    changed = Adapted(BaseModel.open(base, max(layers)), layers, Lora(4), seed=0)
    for weight in changed.weights():
        weight.data.add_(0.05)
    changed.put(changed.adapter())
    served = Encoder.open(base, layers, adapter=changed.adapter(), threads=1).encode(TEXTS)
    ids = [served.ids[a:b] for a, b in zip(served.starts[:-1], served.starts[1:], strict=True)]
    with torch.no_grad():
        states = changed.states(ids).numpy()
    assert np.linalg.norm(states - served.states) < 1e-5 * np.linalg.norm(served.states)
    assert changed.states([]).shape == (0, served.states.shape[1])
    changed.states(ids).sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in changed.weights())


def test_weights_that_stay_may_be_held_in_bfloat16(base):
    changed = Adapted(BaseModel.open(base, 3), (3,), Lora(4), seed=0, device="cpu", dtype=torch.bfloat16)
    fine = Adapted(BaseModel.open(base, 3), (3,), Lora(4), seed=0, device="cpu")
    ids = [np.arange(2, 20)]
    with torch.no_grad():
        near, exact = changed.states(ids), fine.states(ids)
    assert {weight.dtype for weight in changed.weights()} == {torch.float32} and near.dtype == torch.float32
    assert 0 < (near - exact).norm() < 0.1 * exact.norm()
    changed.states(ids).sum().backward()
    assert any(weight.grad.any() for weight in changed.weights())


def test_equal_seeds_give_equal_changes(base, examples):
    how = dataclasses.replace(HOW, lora_epochs=1)
    digests = [learned(base, examples, dataclasses.replace(how, seed=seed))[0][0].digest for seed in (3, 3, 4)]
    assert digests[0] == digests[1] != digests[2]


def test_adapters_that_do_not_belong_are_refused(base, outcome, tmp_path):
    reading, _, _ = outcome
    for rank, hidden, message in ((2, 64, "train with the rank 4"), (4, 32, "another rank or base model")):
        other = tmp_path / f"{rank}-{hidden}"
        other.mkdir()
        write_llama(other, hidden_size=hidden, num_attention_heads=hidden // 16, num_key_value_heads=2)
        with pytest.raises(ConfigError, match=message):
            Adapted(BaseModel.open(other, 3), (3,), Lora(rank), seed=0).put(reading.adapter)
    half = {name: w[:2] if name.endswith("lora_A") else w for name, w in reading.adapter.items()}
    dataclasses.replace(reading, adapter=half).save(tmp_path / "rank")
    dataclasses.replace(reading, base=str(tmp_path / "4-32")).save(tmp_path / "base")
    for name in ("rank", "base"):
        with pytest.raises(ConfigError, match="does not make"):
            LLMPredictor(str(tmp_path / name), threads=1)
    reading.save(tmp_path / "damaged")
    file = tmp_path / "damaged" / "adapter.safetensors"
    file.write_bytes(file.read_bytes()[:-2] + b"no")
    with pytest.raises((ConfigError, PredictorError), match=r"adapter\.safetensors"):
        LLMPredictor(str(tmp_path / "damaged"), threads=1)


def test_what_cannot_be_adapted_is_said(base, monkeypatch):
    with pytest.raises(ConfigError, match="nothing to adapt"):
        Adapted(BaseModel.open(base, 0), (0,), Lora(4), seed=0)
    with pytest.raises(ConfigError, match="rank of 0"):
        Adapted(BaseModel.open(base, 3), (3,), Lora(0), seed=0)
    with pytest.raises(ConfigError, match="4 bits needs a CUDA device"):
        Adapted(BaseModel.open(base, 3), (3,), Lora(4, four_bit=True), seed=0, device="cpu")
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    with pytest.raises(ConfigError, match=r"LoRA needs peft: pip install 'greensched\[llm\]'"):
        Adapted(BaseModel.open(base, 3), (3,), Lora(4), seed=0)


def test_the_settings_of_the_paper():
    paper = PRESETS["paper"]
    assert paper.batch == 16 and paper.lora_rate == paper.rate == paper.word_rate == 5e-5 and paper.epochs <= 10
    assert paper.lora_rank > 0 and paper.lora_all and paper.frozen.epochs == 0  # one stage, base model included
    assert dataclasses.replace(PRESETS["update"], lora_rank=8).frozen.epochs == PRESETS["update"].epochs
    assert all(how.lora_rank == 0 and how.frozen is how for name, how in PRESETS.items() if name != "paper")


@pytest.mark.parametrize("preset", ["update", "paper"])
def test_training_keeps_an_adapter_only_if_reading_with_it_helps(base, examples, preset):
    begin, _, _, encoder = begun(base, examples)
    cut = len(examples) * 4 // 5
    parts = [examples.take(np.arange(cut)), examples.take(np.arange(cut, len(examples)))]
    settings = {"lora_rank": 4, "epochs": 1, "fewest_steps": 0, "lora_epochs": 1, "threads": 1}
    found, metrics = trainer.train(*parts, encoder, begin, preset, 0, **settings)
    helped = metrics["lora_reading_log_error"] < metrics["lora_silent_log_error"]
    assert metrics["lora_kept"] == helped == found.reads == bool(found.adapter)
    assert metrics["log_error"] == min(metrics["lora_reading_log_error"], metrics["lora_silent_log_error"])
    assert ("reads, with its adapter" if helped else "no adapter is kept") in verdicts(metrics)[-1]


@pytest.mark.parametrize("preset", ["paper", "update"])
def test_a_model_that_was_adapted_learns_on(preset, log, outcome, tmp_path, monkeypatch):
    """From where it was; and its files are served by whoever opens them."""
    reading, _, _ = outcome
    for name, how in list(PRESETS.items()):
        few = dataclasses.replace(how, epochs=min(how.epochs, 2), fewest_steps=0, lora_epochs=1)
        monkeypatch.setitem(PRESETS, name, few)
    reading.save(tmp_path / "one")
    made = trainer.LLMTrainer(str(tmp_path / "one"), threads=1, preset=preset, lora=2)
    with pytest.raises(ConfigError, match="train with the rank 4"):
        made.fit(log, seed=0)
    made = trainer.LLMTrainer(str(tmp_path / "one"), threads=1, preset=preset, lora=4)
    metrics = made.fit(log, seed=0)
    [tuned] = made.artefact.trained["fine_tuned"]
    assert tuned["lora_kept"] == metrics["lora_kept"] == made.artefact.reads == bool(made.artefact.adapter)
    made.save(tmp_path / "two")
    assert LLMPredictor(str(tmp_path / "two"), threads=1).version == made.version
