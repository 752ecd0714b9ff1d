"""How the head of ``llm`` is trained: settings by name, and presets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Settings:
    """How to train; ``PRESETS`` names some. From nothing, three stages follow each other; an update has only the last.

    Attributes:
        word_epochs: passes in which only words are learned and the base model is silent.
        read_epochs: passes in which words are forgotten at random and the base model, in their place, learns to read
            them.
        second_epochs: passes in which only the second opinion is learned.
        epochs: passes in which everything is learned.
        batch: jobs of a step.
        fewest_steps: more epochs than ``epochs`` where these would be fewer steps than this: small logs need them.
        most_steps: fewer epochs than ``epochs`` where these would be more steps than this; 0: never.
        word_rate, read_rate, second_rate, rate: highest learning rates of the effects of words (and of all in the first
            stage), of reading, of the second opinion, and of the rest; each rises for a tenth of the steps and then
            falls to nothing (one cycle).
        known_share: of ``word_rate`` for words that were known before the last stage: what is new is learned fast.
        weight_decay: of AdamW.
        energy_weight, time_weight: the paper's λ_E and λ_s.
        beta: where the loss turns from squared to absolute, in log units.
        loss: ``log``, or ``raw``: the literal squared error in kWh and s.
        action_weight: the paper's λ_a: of the cross-entropy between the choice of a datacenter by what is predicted and
            the oracle's, see :func:`losses.action_loss`. Needs data that tell every datacenter's outcome.
        forget_estimate: share of the jobs whose owner's estimate is hidden in a step: it is an easy and inexact answer,
            and who leans on it does not learn to read.
        forget_deadline, forget_owner: the same of deadlines, and of who asks.
        vary_deadline: share of the deadlines that are moved in a step, far up or down: how deadlines are set is another
            thing everywhere, and where none was seen nothing may be concluded.
        forget_words: share of the words that are forgotten in a step while reading is learned.
        forget_pairs: share of the texts whose pairs of words are forgotten in a step while words are learned.
        sparse: how strongly effects of words are drawn to nothing while words are learned, see ``Network.shrink``.
        datacenters: of a job that a step looks at while words are learned; 0: all.
        lora_rank: of the low-rank changes of the base model that are learned, see :mod:`lora`; 0: it stays as it is.
        lora_epochs: passes in which they are learned with reading, in place of ``read_epochs``.
        lora_all: they are learned in the last stage with everything, and not in a stage of their own.
        lora_rate: their highest learning rate.
        lora_four_bit: the weights that they change are held in 4 bits; needs CUDA and bitsandbytes.
        seed: of shuffling and initial weights.
        threads: of torch; None leaves it alone.
    """

    word_epochs: int = 12
    read_epochs: int = 2
    second_epochs: int = 4
    epochs: int = 0
    batch: int = 256
    fewest_steps: int = 0
    most_steps: int = 0
    word_rate: float = 1e-2
    read_rate: float = 2e-3
    second_rate: float = 3e-3
    rate: float = 1e-3
    known_share: float = 1.0
    weight_decay: float = 0.0
    energy_weight: float = 1.0
    time_weight: float = 1.0
    beta: float = 0.05
    loss: Literal["log", "raw"] = "log"
    action_weight: float = 0.0
    forget_estimate: float = 0.5
    forget_deadline: float = 0.1
    vary_deadline: float = 0.15
    forget_owner: float = 0.5
    forget_words: float = 0.2
    forget_pairs: float = 0.3
    sparse: float = 0.15
    datacenters: int = 3
    lora_rank: int = 0
    lora_epochs: int = 2
    lora_all: bool = False
    lora_rate: float = 5e-4
    lora_four_bit: bool = False
    seed: int = 0
    threads: int | None = None

    @property
    def frozen(self) -> Settings:
        """What is left to learn beside a base model as it is, where another stage will change it."""
        if not self.lora_rank:
            return self
        return replace(self, read_epochs=0, epochs=0 if self.lora_all else self.epochs)


_LAST: dict[str, Any] = {
    "word_epochs": 0, "read_epochs": 0, "second_epochs": 0, "epochs": 6, "batch": 64, "fewest_steps": 200,
}  # fmt: skip
PRESETS = {
    "default": Settings(),
    "paper": Settings(
        word_epochs=0,
        read_epochs=0,
        second_epochs=0,
        epochs=10,
        batch=16,
        word_rate=5e-5,
        rate=5e-5,
        forget_estimate=0.0,
        forget_deadline=0.0,
        vary_deadline=0.0,
        forget_owner=0.0,
        lora_rank=8,
        lora_all=True,
        lora_rate=5e-5,
    ),
    "keep": Settings(**_LAST | {"epochs": 0}),
    "renew": Settings(**_LAST, word_rate=1e-3),
    "gentle": Settings(**_LAST | {"epochs": 12}, word_rate=3e-2, known_share=0.003, rate=3e-5),
    "update": Settings(
        **_LAST | {"epochs": 24, "batch": 128, "most_steps": 3000}, word_rate=6e-2, known_share=0.01, rate=1e-4
    ),
}
