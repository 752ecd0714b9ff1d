"""The golden messages, read and written by Python (JUnit reads the same files)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greensched.core.contracts import Needs
from greensched.core.delta_frames import delta_from_frame, delta_to_frame, microseconds, seconds
from greensched.core.errors import BridgeProtocolError, FrameError
from greensched.core.frames import Frame, decode
from greensched.core.types import NO_DEADLINE_US, Decisions, Options
from greensched_bridge import messages

GOLDEN = Path(__file__).resolve().parents[2] / "bridge" / "golden"


def golden_bytes(name: str) -> bytes:
    return (GOLDEN / f"{name}.gsf").read_bytes()


def golden(name: str) -> Frame:
    frame, length = decode(golden_bytes(name), name)
    assert length == len(golden_bytes(name))
    return frame


def _maker() -> Any:
    spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_what_the_generator_makes() -> None:
    made = _maker()
    on_disk = {p.stem: p.read_bytes() for p in GOLDEN.glob("*.gsf")}
    assert dict(made.messages()) == on_disk
    assert made.invalid() == {p.stem: p.read_bytes() for p in (GOLDEN / "invalid").glob("*.gsf")}


def test_start_becomes_the_world() -> None:
    world = messages.world_from_meta(golden("start").meta)
    assert (world.run_id, world.horizon_s, world.slot_s, world.mode, world.privileged) == (
        "golden-s1",
        86_400.0,
        300.0,
        "slots",
        False,
    )
    assert [d.name for d in world.datacenters] == ["de", "ca"]
    assert world.datacenters[0].price_per_kwh is None
    assert world.datacenters[1].cores == 4 * 32 + 32
    assert world.datacenters[1].gpus == 4
    assert world.datacenters[1].hosts[1].gpu_type == 0
    assert world.rtt_ms.tolist() == [[1.0, 90.0]]
    assert world.origins == ("europe",)
    assert world.home.tolist() == [0]


def test_observe_becomes_a_delta() -> None:
    delta = delta_from_frame(golden("observe"))
    assert (delta.seq, delta.t_s, delta.ack) == (7, 600.0, 5)
    assert delta.new_tasks.task.tolist() == [11, 12]
    assert delta.new_tasks.arrival_s.tolist() == [301.0, 599.999999]
    assert delta.new_tasks.deadline_s.tolist() == [4201.0, float("inf")]
    assert np.isnan(delta.new_tasks.expected_s[1])
    assert list(delta.new_tasks.name) == ["render", "entraînement 🚀"]
    assert list(delta.new_tasks.labels) == ["", "kind=train;team=é"]
    assert delta.ask.tolist() == [11, 12, 9]
    assert delta.states.t_s.tolist() == [301.25, 580.000001, 590.0]
    assert delta.progress.done_frac.tolist() == [0.125, 0.75]
    assert delta.state.carbon_gpkwh.tolist() == [412.125, 31.5]
    assert np.isnan(delta.state.marginal_gpkwh).all(), "missing is NaN, never 0"
    first, second = delta.issues
    assert (first.issue_s, first.datacenter, first.kind, first.first_s, first.step_s) == (
        600.0,
        0,
        "carbon_gpkwh",
        600.0,
        3600.0,
    )
    assert first.value[:2].tolist() == [400.0, 390.5]
    assert second.value.tolist() == [30.0, 32.0]
    assert delta.reports.decision.tolist() == [3 * 2**24, -1]
    assert delta.refusals.codes[delta.refusals.code[0]] == "never_fits"
    assert [(a.issue_s, a.dc, a.text) for a in delta.advisories] == [
        (0.0, 1, "maintenance in ca: 3 of 5 hosts leave tonight"),
        (599.999999, 0, "Hitzewelle in Frankfurt, +9 °C"),
    ]


def test_descriptions_are_optional() -> None:
    delta = delta_from_frame(golden("observe-described"))
    assert list(delta.new_tasks.description) == ["", "Fine-tunes the encoder; reprend à 60 % 🚀"]
    plain = delta_from_frame(golden("observe"))
    assert plain.new_tasks.description == ["", ""], "none given: none"
    assert plain.new_tasks.take(np.array([1])).description == [""]
    for name in ("observe", "observe-described"):
        frame, _ = decode(delta_to_frame(delta_from_frame(golden(name))), name)
        assert ("description" in frame.tables["new_tasks"]) == (name == "observe-described")
        assert delta_from_frame(frame).new_tasks.description[0] == ""


def test_finish_lacks_what_is_empty() -> None:
    delta = delta_from_frame(golden("finish"))
    assert len(delta.ask) == 0
    assert len(delta.new_tasks) == 0
    assert delta.issues == []
    assert len(delta.reports) == 2


def test_replies_are_written_byte_for_byte() -> None:
    needs = Needs(forecasts=True, progress=True, truth=False)
    assert messages.encode_ready(0, needs, "lowest-carbon", None) == golden_bytes("ready")
    assert messages.encode_bye(8) == golden_bytes("bye")
    error = messages.encode_error(7, "mind_error", "ValueError: no room", "Traceback\n  line 1\n")
    assert error == golden_bytes("error")
    who = {"policy": "lowest-carbon", "predictor": None, "model": None}
    assert messages.encode_decisions(7, _decisions(), who) == golden_bytes("decisions")
    options = Options(np.array([0, 1, 1], dtype=np.int32), np.array([600.0, 600.0, 900.0]), np.ones(3))
    asked = messages.encode_truth_request(7, np.array([11, 12]), options)
    assert asked == golden_bytes("truth-request")


def _decisions() -> Decisions:
    return Decisions(
        task=np.array([11, 9]),
        action=np.array([0, 1], dtype=np.int32),
        dc=np.array([1, -1], dtype=np.int32),
        until_s=np.array([np.nan, 4200.0]),
        scale=np.ones(2),
        status=np.array([6, 6], dtype=np.int32),
        energy_kwh=np.array([0.0125, np.nan]),
        service_time_s=np.array([1890.25, np.nan]),
        reason=["lowest intensity: ca 31.5 g/kWh", "wartet auf 🌞"],
    )


def test_truth_is_task_major() -> None:
    predictions = messages.predictions_from_truth(golden("truth-reply"), tasks=2, options=3)
    assert predictions.energy_kwh.shape == (2, 3)
    assert predictions.service_time_s[0].tolist() == [10, 20, 30]
    assert np.isnan(predictions.wait_s[1, 0])
    with pytest.raises(FrameError, match="6 rows, expected 2 tasks x 2"):
        messages.predictions_from_truth(golden("truth-reply"), tasks=2, options=2)


@pytest.mark.parametrize("path", sorted((GOLDEN / "invalid").glob("*.gsf")), ids=lambda p: p.stem)
def test_what_is_invalid_is_refused(path: Path) -> None:
    with pytest.raises(FrameError, match=path.stem):
        decode(path.read_bytes(), path.stem)


def test_every_truncation_is_refused() -> None:
    whole = golden_bytes("decisions")
    for length in range(len(whole)):
        with pytest.raises(FrameError, match="truncated"):
            decode(whole[:length])


def test_a_message_of_another_call_or_kind_is_refused() -> None:
    with pytest.raises(BridgeProtocolError, match="carries seq 7, the call said 8"):
        messages.expect(golden("observe"), "observe", 8)
    with pytest.raises(BridgeProtocolError, match="expected a message of kind 'start', got 'observe'"):
        messages.expect(golden("observe"), "start", 7)


def test_a_message_without_its_columns_names_the_missing_one() -> None:
    frame = golden("observe")
    del frame.tables["new_tasks"]["cores"]
    with pytest.raises(FrameError, match="'observe' lacks 'cores'"):
        delta_from_frame(frame)


def test_times_cross_exactly() -> None:
    us = np.array([0, 1, 599_999_999, 365 * 86_400 * 10**6 + 1, NO_DEADLINE_US])
    assert microseconds(seconds(us)).tolist() == us.tolist()
    assert microseconds(np.array([np.nan])).tolist() == [0]


@pytest.mark.parametrize("name", ["observe", "finish"])
def test_a_delta_becomes_the_frame_it_came_from(name: str) -> None:
    """All but the world's own column ``index``, which no mind keeps."""
    there = delta_from_frame(golden(name))
    back, _ = decode(delta_to_frame(there, name))
    assert back.kind == name
    assert back.meta == golden(name).meta
    for table, columns in golden(name).tables.items():
        kept = {c: values for c, values in columns.items() if c != "index"}
        assert set(back.tables[table]) == set(kept), table
        for column, values in kept.items():
            np.testing.assert_array_equal(np.array(list(back.tables[table][column])), np.array(list(values)), column)
