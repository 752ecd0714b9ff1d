"""Learning to read with a base model that changes: its states are computed in every step, not remembered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from torch import Tensor

from greensched.core.types import I64
from greensched.language import Encoder
from greensched.language.base import BaseModel
from greensched.learning.llm import fit
from greensched.learning.llm.batches import Batches, Less
from greensched.learning.llm.examples import Table, Texts, read
from greensched.learning.llm.lora import Adapted, Lora
from greensched.learning.llm.network import READING, Network
from greensched.learning.llm.presets import Settings
from greensched.predictors.llm.artefact import Artefact
from greensched.predictors.llm.lexicon import Vocabulary
from greensched.predictors.llm.reader import MOST_TOKENS

PRECISION = "fp32"
"""Adapters are trained on these states, and the head with them; what int8 would make of them nobody has measured."""


class Live(Batches):
    """Batches whose states come from a base model as it is now, with gradients to its changes.

    Args:
        table: jobs and pairs.
        encoder: cuts texts as serving will; its states are not asked for.
        vocabulary: that the network knows.
        adapted: the base model.
        owners: a table's texts, of which the embeddings of owners are taken; None: they are embedded.
    """

    def __init__(
        self, table: Table, encoder: Encoder, vocabulary: Vocabulary, adapted: Adapted, owners: Texts | None = None
    ) -> None:
        texts = owners.unread() if owners is not None else read(encoder, table.said, descriptions=False)
        tokens = encoder.tokenizer.encode(texts.descriptions, min(MOST_TOKENS, encoder.positions))
        super().__init__(table, dataclasses.replace(texts, starts=tokens.starts, spans=tokens.spans), vocabulary)
        self._ids, self._adapted = tokens.ids, adapted
        self.weights = adapted.weights()

    def _states(self, tokens: I64) -> Tensor:
        """Of each text as much is read as is needed: no token depends on later ones."""
        starts = self.texts.starts
        texts, of = np.unique(np.searchsorted(starts, tokens, side="right") - 1, return_inverse=True)
        ends = starts[texts] + 1
        np.maximum.at(ends, of, tokens + 1)
        states = self._adapted.states([self._ids[a:b] for a, b in zip(starts[texts], ends, strict=True)])
        lengths = ends - starts[texts]
        shift = np.cumsum(lengths) - lengths - starts[texts]
        return states[shift[of] + tokens]


def adapted(
    trained: Artefact,
    network: Network,
    learned: tuple[Table, Texts],
    held: tuple[Table, Texts],
    encoder: Encoder,
    how: Settings,
    tell: Callable[[str], None],
    known: int = 0,
) -> list[tuple[Artefact, Batches]]:
    """Learn changes of the base model, and to read what it then says.

    Args:
        trained: the model so far; if it has an adapter, that is where the changes begin.
        network: its weights; trained in place.
        learned: what to learn, with texts of which the owners are taken.
        held: what will judge, the same.
        encoder: of the same base model.
        how: settings.
        tell: gets a line per epoch.
        known: so many words were known before.

    Returns:
        What could be served, each with the held jobs as it reads them: the model that reads with an adapter, and the
        same without, in which the base model is silent.

    Raises:
        ConfigError: a library or a device is missing, or the adapter of ``trained`` has another rank.
    """
    base = BaseModel.open(trained.base, max(trained.layers))
    changed = Adapted(base, trained.layers, Lora(how.lora_rank, four_bit=how.lora_four_bit), how.seed)
    if trained.adapter:
        changed.put(trained.adapter)
    live = Live(learned[0], encoder, trained.vocabulary, changed, learned[1])
    if how.lora_all:
        # words that are familiar are not read: without forgetting, nothing but the rest would teach reading
        less = Less(np.random.default_rng(how.seed), words=how.forget_words)
        fit.fit(network, [live], how, lambda line: tell(f"everything, {line}"), less=less, known=known)
    else:
        fit.fit_reading(network, [live], dataclasses.replace(how, read_epochs=how.lora_epochs), tell)
    weights = {name: w.astype(np.float16) for name, w in network.weights().items()}
    adapter = changed.adapter()
    reading = dataclasses.replace(trained, weights=weights, adapter=adapter, precision=PRECISION, reads=True)
    before = {name: w for name, w in trained.weights.items() if name.split(".")[0] in READING}
    silent = dataclasses.replace(trained, weights=weights | before, adapter={}, reads=False)
    # judged as it will be served: rounded, merged, by the encoder
    server = Encoder.open(trained.base, trained.layers, PRECISION, adapter, how.threads)
    texts = read(server, held[0].said)
    return [
        (reading, Batches(held[0], texts, trained.vocabulary)),
        (silent, Batches(held[0], texts.unread(), trained.vocabulary)),
    ]
