"""Which words of its description drove what ``llm`` predicted for a task."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core.contracts import predictor_for
from greensched.core.errors import GreenSchedError
from greensched.core.registry import FOLDER_KEY, load, predictor_from_block
from greensched.core.types import Observation, World
from greensched.feedback.log import FeedbackLog
from greensched.feedback.outcomes import LOG_FILE
from greensched.feedback.replay import Mirror, read_world
from greensched.feedback.schema import ROWS_PER_ANSWER

_SHOWN = 6
_LEAST = 0.02  # of a factor's distance from 1 that is worth a word


def lines(folder: Path, decision: dict[str, Any]) -> list[str]:
    """What to print below a placement; nothing for other predictors, or where nobody described the task."""
    path = folder / LOG_FILE
    if not decision["dc"] or not path.is_file():
        return []
    with closing(FeedbackLog.open(path)) as log:
        meta = log.meta()
        if meta.get("predictor") != "llm":
            return []
        world = read_world(log)
        seen = _seen(log, world, int(decision["decision"]), int(decision["task"]))
    if seen is None:
        return []
    if not seen.tasks.description[0]:
        return ["      words: nobody described this task; it was predicted from numbers alone"]
    from greensched.predictors.llm.attribution import words
    from greensched.predictors.llm.predictor import LLMPredictor

    try:
        predictor = _predictor(meta["policy_block"])
    except GreenSchedError as error:
        return [f"      words: the model cannot be opened any more ({error})"]
    if not isinstance(predictor, LLMPredictor):
        return []
    predictor.start(world)
    dc = [d.name for d in world.datacenters].index(decision["dc"])
    found = [w for w in words(predictor, seen, seen.tasks, dc) if max(abs(w.run_time - 1), abs(w.energy - 1)) > _LEAST]
    told = ", ".join(f"{w.text!r} ×{w.run_time:.2g} time ×{w.energy:.2g} energy" for w in found[:_SHOWN])
    served = decision.get("model") or ""
    other = "" if served in ("", predictor.version) else f" (by model {predictor.version}; {served} answered)"
    return [f"      words that mattered most{other}: {told}"] if told else []


def _seen(log: FeedbackLog, world: World, decision: int, task: int) -> Observation | None:
    """What the mind knew when it decided the task."""
    mirror = Mirror()
    for delta in log.deltas():
        mirror.apply(delta)
        if delta.seq == decision // ROWS_PER_ANSWER:
            return mirror.observation(delta, world, mirror.take(np.array([task], dtype=np.int64)))
    return None


def _predictor(block: dict[str, Any]) -> Any:
    folder = Path(block[FOLDER_KEY]) if FOLDER_KEY in block else None
    policy = load("policy", str(block["name"]), folder)
    return predictor_from_block(predictor_for(policy, block.get("predictor")), folder)
