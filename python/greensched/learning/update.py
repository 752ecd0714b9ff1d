"""One update: sift the reports, train on most of them, judge on those that were held back, keep what came out.

Which report is for what is settled by time and by a hash, never by chance at run time:

* the newest ``holdback_frac`` of the reports since the last update judge (after a drift: of those since it was told, or
  all that is new would judge and nothing of it be learned);
* of all earlier ones a tenth, whole answers chosen by the hash, is never trained on by any update: the older reports
  that show what has been forgotten are those of them that came before the last update (before the first one: all of
  them). Whole answers, since reports of one share the state of the datacenters: who remembers that passes for one who
  has forgotten nothing, while it believes lies about every other moment;
* the rest is trained on: all that came since the last update, and of what is older at most ``replay`` reports, a
  uniform sample by a hash of the task, which is the replay against forgetting.
"""

from __future__ import annotations

import math
import shlex
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greensched.core import registry
from greensched.core.contracts import Predictor, TrainablePredictor
from greensched.core.errors import GreenSchedError
from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import read_world
from greensched.learning import champion as contest
from greensched.learning.evidence import Bool, Evidence, copy_log, predict_again, read_evidence, restrict
from greensched.learning.poison import Sifted, sift
from greensched.learning.settings import Settings
from greensched.learning.trainers import make_trainer, name_and_options, open_version
from greensched.learning.versions import ModelStore, Version
from greensched.policies.random import draws

BETTER, REFUSED, SKIPPED, FAILED = "better", "refused", "skipped", "failed"
FEWEST_TRAINED = 50  # reports
_OLDER_FRAC, _MOST_OLDER = 0.1, 2000
_PROBE, _REPLAY = 101, 102  # streams of the hash


@dataclass(frozen=True)
class Request:
    """What an update needs to know; plain values, so that another process can do it.

    Attributes:
        log: feedback log to learn from, as it is now.
        store: folder of versions.
        number: of this update, from 1.
        since_s: until when the last update had reports.
        seed: of the run.
        champion: name of the version that serves; None: ``policy_predictor`` does.
        policy_predictor: predictor of the policy, as the scenario names it.
        train: predictor to train, likewise.
        folder: the scenario's.
        settings: see :class:`Settings`.
        drift_s: when a detector told of a drift that no update has answered yet; None: none did.
    """

    log: str
    store: str
    number: int
    since_s: float
    seed: int
    champion: str | None
    policy_predictor: Any
    train: Any
    folder: str | None
    settings: Mapping[str, Any]
    drift_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def home(self) -> Path | None:
        """The scenario's folder."""
        return None if self.folder is None else Path(self.folder)


def open_champion(request: Request) -> Predictor:
    """The model that serves, built anew.

    Raises:
        GreenSchedError: it cannot be.
    """
    if request.champion is not None:
        return open_version(ModelStore(Path(request.store)).find(request.champion), request.home)
    predictor = registry.predictor_from_block(request.policy_predictor, request.home)
    assert predictor is not None  # checked when the run started
    return predictor


def carry_out(request: Request, champion: Predictor | None = None) -> dict[str, Any]:
    """Make and judge a challenger; nothing serves yet that did not before.

    Args:
        request: what to do.
        champion: the model that serves, started; None: it is opened.

    Returns:
        Plain values: ``status`` (``better``, ``refused``, ``skipped`` or ``failed``), ``reason``, ``version``, and how
        many reports there were, were left out, trained on and judged by.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="greensched-learn-") as temporary:
            work = Path(temporary) / "log.sqlite"
            copy_log(Path(request.log), work)
            return _carry_out(request, champion, work)
    except Exception as error:  # whatever a predictor of anybody's raises: a failing update never harms the run
        reason = str(error) if isinstance(error, GreenSchedError) else f"{type(error).__name__}: {error}"
        return {"status": FAILED, "version": None, "reason": reason}


def _carry_out(request: Request, champion: Predictor | None, work: Path) -> dict[str, Any]:
    settings = Settings(**request.settings)
    sifted = sift(read_evidence(work), settings.user_cap_frac, request.seed)
    trained, newest, older = divide(sifted.kept, request.since_s, settings, request.seed, request.drift_s)
    told: dict[str, Any] = {
        "reports": len(sifted.kept) + sum(sifted.left_out.values()), "left_out": sifted.left_out,
        "trained_on": len(trained), "held_back": len(newest), "older": len(older),
    }  # fmt: skip
    if len(trained) < FEWEST_TRAINED or len(newest) < contest.FEWEST:
        reason = f"{len(trained)} reports to learn from and {len(newest)} to judge by: too few"
        return {"status": SKIPPED, "version": None, "reason": reason, **told}
    restrict(work, trained.decision)
    challenger, fitted = train(request, work)
    opened = FeedbackLog.open(work)
    world = read_world(opened)
    opened.close()
    if champion is None:
        champion = open_champion(request)
        champion.start(world)
    challenger.start(world)
    both = [predict_again(work, part, [champion, challenger]) for part in (newest, older)]
    first, second = zip(*both, strict=True)
    verdict = contest.judge(newest, older, first, second, forget_frac=settings.forget_frac, seed=request.seed)
    version = keep(request, challenger, fitted, sifted, trained, verdict)
    status = BETTER if verdict.promoted else REFUSED
    return {"status": status, "version": version.name, "reason": verdict.reason, **told, "judged": verdict.as_json()}


def divide(
    e: Evidence, since_s: float, settings: Settings, seed: int, drift_s: float | None = None
) -> tuple[Evidence, Evidence, Evidence]:
    """Reports to train on, the newest ones, and older ones that nobody trains on; see the head of this module."""
    if len(e) == 0:
        return e, e, e
    new = e.landed_s > since_s
    judging = new if drift_s is None else new & (e.landed_s > drift_s)
    held = max(contest.FEWEST, math.ceil(settings.holdback_frac * int(np.count_nonzero(judging))))
    answer, task = (
        draws(seed, number, np.array([which]))[:, 0] for number, which in ((e.seq, _PROBE), (e.task, _REPLAY))
    )
    earlier = np.arange(len(e)) < len(e) - held
    past = earlier & ~new
    probe: Bool = earlier & (answer < _OLDER_FRAC)
    if past.any() and np.count_nonzero(probe & past) < contest.FEWEST:  # a short one: more of its answers
        probe |= past & (answer <= np.sort(answer[past])[: contest.FEWEST][-1])
    learnable = np.flatnonzero(past & ~probe)
    replayed = np.zeros(len(e), dtype=bool)
    replayed[learnable[np.argsort(task[learnable], kind="stable")[: settings.replay]]] = True
    # what came since may be what poisons, so it does not speak for the past
    probes = np.flatnonzero(probe & past if past.any() else probe)
    probes = np.sort(probes[np.argsort(task[probes], kind="stable")[:_MOST_OLDER]])
    return e.take(replayed | (earlier & ~probe & new)), e.take(~earlier), e.take(probes)


def train(request: Request, log: Path) -> tuple[TrainablePredictor, dict[str, float]]:
    """A challenger trained on a log: from where the champion is if it can be, else from scratch."""
    challenger: Any = make_trainer(request.train, request.home)
    learn = challenger.fit
    begin = _begin(request) if hasattr(challenger, "update") else None
    if begin is not None:
        challenger.load(begin)
        learn = challenger.update
    metrics = learn(log, seed=(request.seed + request.number) % 2**31)
    return challenger, {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


def _begin(request: Request) -> Path | None:
    """The model to go on from: the version that serves, else the one that the scenario names; None: from scratch."""
    name = name_and_options(request.train)[0]
    if request.champion is not None:
        version = ModelStore(Path(request.store)).find(request.champion)
        return version.folder if version.about["predictor"]["name"] == name else None
    for block in (request.train, request.policy_predictor):
        if isinstance(block, Mapping) and block.get("name") == name and block.get("model"):
            model = str(block["model"])
            if request.home is None:
                return Path(model)
            return registry.inside(model, [request.home, Path.cwd()], f"predictor '{name}': option 'model'")
    return None


def keep(
    request: Request, challenger: TrainablePredictor, fitted: Mapping[str, float], sifted: Sifted, trained: Evidence,
    verdict: contest.Verdict,
) -> Version:  # fmt: skip
    """File the challenger as a version, whatever was judged."""
    name, options = name_and_options(request.train)
    about = {
        "parent": request.champion,
        "predictor": {"name": name, **options},
        "data": {
            "kind": "reports",
            "logs": [{"log": str(Path(request.log).resolve()), "sha256": trained.checksum()}],
            "from_s": float(trained.landed_s.min()),
            "to_s": float(trained.landed_s.max()),
            "reports": len(trained),
            "left_out": sifted.left_out,
        },
        "metrics": {"fit": dict(fitted), "judged": verdict.as_json()},
        "seed": request.seed,
        "update": request.number,
        "command": shlex.join(sys.argv),
    }
    return ModelStore(Path(request.store)).add(challenger.save, about)
