"""What a challenger learns from the reports that it is given."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from greensched.feedback.log import FeedbackLog
from greensched.feedback.replay import read_world
from greensched.learning.evidence import predict_again, read_evidence
from greensched.learning.update import train
from tests.learning.made import request, write_log

pytest.importorskip("xgboost")

CHANGES = 60


def test_what_changes_in_one_place_is_learned_there_and_not_laid_on_the_others(tmp_path: Path) -> None:
    """Datacenter 0 needs six times the energy in the last two fifths; the others stay as they were."""
    log = tmp_path / "f.sqlite"
    write_log(log, 100, energy=lambda seq, dc: np.where((dc == 0) & (seq > CHANGES), 3.0, 0.5))
    challenger, _ = train(request(log, tmp_path / "models"), log)
    with closing(FeedbackLog.open(log)) as opened:
        challenger.start(read_world(opened))
    evidence = read_evidence(log)
    ((energy_kwh, _),) = predict_again(log, evidence, [challenger])
    ratio = energy_kwh / evidence.energy_kwh
    here, late = evidence.dc == 0, evidence.decided_s > CHANGES * 300.0
    assert np.median(ratio[~here]) == pytest.approx(1.0, abs=0.15)
    assert 0.3 < np.median(ratio[here & late]) < 1.3, "of one that learned nothing of it: 0.17"
    assert 0.7 < np.median(ratio[here & ~late]) < 3.0, "of one that knows only what is new: 6"
