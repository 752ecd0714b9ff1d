"""Benchmarks: the page of figures is made from the recorded results, and the smallest benchmark still runs."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from greensched.feedback.log import FeedbackLog
from greensched.learning.evidence import read_evidence
from tests.conftest import cli_environment
from tests.learning.made import write_log

REPO = Path(__file__).resolve().parent.parent


def test_the_page_is_made_from_the_results() -> None:
    done = subprocess.run(
        [sys.executable, str(REPO / "benchmarks" / "page.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_a_replayed_mind_is_told_what_the_log_holds_but_for_what_is_kept_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same predictor says the same again, and reports that are kept back reach neither the log nor the loop."""
    monkeypatch.syspath_prepend(str(REPO / "benchmarks"))
    import drift_replay

    log = tmp_path / "f.sqlite"
    write_log(log, 20)
    kept_back = np.arange(0, 200, 2)
    policy = {"predictor": "analytic", "learning": {}}
    (tmp_path / "again").mkdir()
    told = drift_replay.replay(log, tmp_path / "again", policy, kept_back)
    then, now = read_evidence(log), read_evidence(tmp_path / "again" / drift_replay.LOG)
    heard = ~np.isin(then.task, kept_back)
    assert 0 < heard.sum() < len(then)
    for column in ("decision", "task", "dc", "energy_kwh", "run_s", "user"):
        assert np.array_equal(getattr(then.take(heard), column), getattr(now, column)), column
    assert told["prequential"]["all"]["reports"] == len(now)
    query = "SELECT energy_kwh, service_time_s FROM decision WHERE decision_id = ?"
    with closing(FeedbackLog.open(log)) as opened:
        before = np.array([opened.query(query, (int(d),))[0] for d in then.decision])
    energy_kwh, service_s = drift_replay.said(tmp_path / "again", then.decision)
    assert np.column_stack([energy_kwh, service_s]) == pytest.approx(before, rel=1e-6), "frames keep microseconds"
    assert set(kept_back.tolist()) & set(drift_replay.told_before(log, np.inf).tolist())


def test_what_is_scored_has_not_been_learned_and_nothing_is_drawn_that_a_trace_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_folder: Path
) -> None:
    """The part to learn from ends as the scored one begins; run times are the trace's, names and estimates nobody's."""
    monkeypatch.syspath_prepend(str(REPO / "benchmarks"))
    import regret_worlds
    import yaml

    from greensched.core.frames import read_frame
    from greensched.scenario.prepare import prepare

    case = regret_worlds.Case("google2011", 60)
    early, late = regret_worlds.parts(case, data_folder, regret_worlds.Length(0.25, 0.5, 0.25, 0.25), 1, tmp_path)
    told = [yaml.safe_load(part.scenario.read_text()) for part in (early, late)]
    begin_s = [datetime.fromisoformat(scenario["start"]).timestamp() for scenario in told]
    lasts_s = sum(float(told[0][key].removesuffix("s")) for key in ("horizon", "drain"))
    assert begin_s[0] + lasts_s == begin_s[1]
    trace = pq.read_table(data_folder / "traces" / "normalized" / "google2011_jobs_7d.parquet").to_pandas()
    for part, first_s in ((early, 0.0), (late, lasts_s)):
        prepare(part.scenario, part.scenario.parent / "run", data=data_folder)
        written = part.scenario.parent / "run" / "input"
        tasks = read_frame(written / "tasks.gsf").table("tasks")
        assert np.array_equal(read_frame(written / "hidden.gsf").table("hidden")["work_s"], part.recorded_s)
        assert set(tasks["name"]) == set(tasks["user"]) == set(tasks["labels"]) == {""}
        assert np.isnan(tasks["expected_s"]).all()
        theirs = trace.set_index((trace["arrival_s"] * 1e6).round().astype(np.int64))["duration_s"]
        for arrival_us, recorded_s in zip(tasks["arrival_us"], part.recorded_s, strict=True):
            assert recorded_s in np.atleast_1d(theirs.loc[arrival_us + round(1e6 * first_s)])


def in_small(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A benchmark, quickly."""
    command = [sys.executable, str(REPO / "benchmarks" / f"{name}.py"), "--quick", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env=cli_environment())


@pytest.mark.slow
def test_the_regret_benchmark_runs_in_small(data_folder: Path) -> None:
    """The truth has no regret, and every predictor that can be had is judged and decides."""
    done = in_small("regret", "--data", str(data_folder))
    assert done.returncode == 0, done.stderr[-2000:]
    for who in ("analytic", "llm", "xgboost + log", "llm + log"):
        for metric in ("run time (recorded), RMSPE", "energy (modelled), RMSE", "regret, carbon of the jobs"):
            found = [row for row in done.stdout.splitlines() if f": {who} {metric} " in " ".join(row.split())]
            assert len(found) == 1, (who, metric)


@pytest.mark.slow
def test_the_fidelity_benchmark_runs_in_small(data_folder: Path) -> None:
    """Grids and jobs come nearer to the real samples than naive ones in values, memory and burstiness."""
    done = in_small("fidelity", "--data", str(data_folder))
    assert "targets missed" in done.stdout, done.stderr[-2000:]
    judged = [line for line in done.stdout.splitlines() if "generator / naive" in line]
    for family in ("values", "memory", "run times", "burstiness", "sizes"):
        verdicts = [line.split()[-1] for line in judged if f" {family}: " in line]
        assert verdicts
        assert set(verdicts) == {"yes"}, family


@pytest.mark.slow
def test_the_bridge_benchmark_runs_in_small() -> None:
    """A loaded machine may miss the target (exit 1); it may not fail to measure."""
    done = in_small("bridge")
    assert "targets missed" in done.stdout, done.stderr[-2000:]


@pytest.mark.slow
def test_the_stages_of_a_decision_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small: every stage is timed, texts are new or remembered as the case says, and little time is unexplained."""
    monkeypatch.syspath_prepend(str(REPO / "benchmarks"))
    import overhead
    from overhead_clock import REST, STAGES, timed_jar
    from overhead_worlds import Case, jobs_in_words, run_folder

    cases = [Case("new", 3, True, 1, 4), Case("remembered", 3, False, 1, 4)]
    jar, jobs = timed_jar(tmp_path), jobs_in_words(tmp_path, cases[0].texts)
    for case, optimizer in zip(cases, overhead.OPTIMIZERS, strict=True):
        policy = {"name": "greensched", "predictor": "llm", "optimizer": optimizer}
        table = overhead.measured(run_folder(tmp_path / case.name, case, jobs, policy), case, "py4j", jar)
        assert len(table) == case.counted
        assert np.allclose(table[list(STAGES)].sum(axis=1), table["total"])
        assert (table[[stage for stage in STAGES if stage != REST]] > 0).all(axis=None), "a stage was not timed"
        assert 0 <= table[REST].sum() < 0.2 * table["total"].sum()


@pytest.mark.slow
def test_the_overhead_benchmark_runs_in_small() -> None:
    """A loaded machine may miss the target (exit 1); it may not fail to measure, over either bridge."""
    done = in_small("overhead")
    assert "targets missed" in done.stdout, done.stderr[-2000:]
    for bridge in ("py4j", "jpype"):
        assert f"one new job, greedy, {bridge} " in done.stdout
