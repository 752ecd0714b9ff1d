"""What needs PyTorch, imported only when somebody trains: serving must do without."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from greensched.core.errors import ConfigError, how_to_install
from greensched.predictors.llm.artefact import Artefact


def torch_and_fit() -> tuple[Any, Any]:
    """The library and the module that needs it, or an error that names the extra."""
    try:
        import torch

        from greensched.learning.llm import fit
    except ImportError as error:
        raise ConfigError(f"training 'llm' needs PyTorch: {how_to_install('llm')}") from error
    return torch, fit


def network_of(artefact: Artefact) -> Any:
    """The artefact's weights in torch; words of its vocabulary that they do not know yet have no effects."""
    torch, _ = torch_and_fit()
    from greensched.learning.llm.network import Network

    network = Network(dataclasses.replace(artefact.sizes, words=len(artefact.vocabulary)))
    if artefact.weights:
        weights = {name: torch.from_numpy(np.array(w, np.float32)) for name, w in artefact.weights.items()}
        for name in ("effects.weight", "following.weight", "before.weight"):
            new = weights[name].new_zeros(len(artefact.vocabulary), weights[name].shape[1])
            new[: len(weights[name])] = weights[name]
            weights[name] = new
        network.load_state_dict(weights)
    return network
