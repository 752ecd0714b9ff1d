"""Distances and round-trip times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from greensched.core.errors import DataError
from greensched.scenario.network import distance_rtt_ms, gcp_latency_ms, great_circle_km, rtt_matrix_ms


def test_distances_and_round_trips_by_hand() -> None:
    assert great_circle_km(0, 0, 0, 180) == pytest.approx(6371.0 * np.pi)
    assert great_circle_km(50.12, 8.68, 35.69, 139.77) == pytest.approx(9330, rel=0.01)
    assert distance_rtt_ms(1000.0) == pytest.approx(5.0 + 14.0)


def test_home_is_free_and_the_matrix_is_symmetric() -> None:
    places = [("DE", 50.12, 8.68), ("JP-TK", 35.69, 139.77), ("DE", 50.12, 8.68)]
    matrix = rtt_matrix_ms(places, {})
    assert np.diag(matrix).tolist() == [0.0, 0.0, 0.0]
    assert np.array_equal(matrix, matrix.T)
    assert matrix[0, 2] == 5.0  # another datacenter at the same place


def test_measured_latencies(data_folder: Path) -> None:
    table = gcp_latency_ms(data_folder)
    assert table["DE", "GB"] == pytest.approx(table["GB", "DE"], abs=3)
    assert table["JP-TK", "CA-ON"] == 144.0
    places = [("IN-WE", 19.08, 72.88), ("SG", 1.3, 103.83), ("KR", 37.56, 126.97), ("ZA", -26.2, 28.04)]
    matrix = rtt_matrix_ms(places, table)
    assert matrix[0, 1] == table["IN-WE", "SG"]
    assert matrix[0, 3] == pytest.approx(distance_rtt_ms(great_circle_km(19.08, 72.88, -26.2, 28.04)), abs=0.01)


def test_distance_formula_is_near_the_measurements(data_folder: Path) -> None:
    from greensched.signals.zones import zones

    table, sites = gcp_latency_ms(data_folder), zones()
    ratio = [
        distance_rtt_ms(great_circle_km(sites[a].lat, sites[a].lon, sites[b].lat, sites[b].lon)) / ms
        for (a, b), ms in table.items()
        if a in sites and b in sites and a != b
    ]
    assert len(ratio) > 50
    assert np.median(ratio) == pytest.approx(1.0, abs=0.15)


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="use network"):
        gcp_latency_ms(tmp_path)
