"""The map projection against numbers worked out by hand from the published equations."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greensched.report import geo


def test_equator_and_meridian() -> None:
    x, y = geo.project(0.0, 0.0)
    assert x == geo.WIDTH / 2
    assert 0 < y < geo.HEIGHT
    assert geo.project(180.0, 0.0)[0] == pytest.approx(geo.WIDTH, abs=0.1)
    assert geo.project(-180.0, 0.0)[0] == pytest.approx(0.0, abs=0.1)


def test_forty_five_degrees_by_hand() -> None:
    # theta = asin(sqrt(3)/2 * sin 45) = asin(0.6123724) = 0.6590580; theta^2 = 0.4343575, theta^6 = 0.0819488
    # y = theta * (1.340264 - 0.081106 * 0.4343575 + 0.0819488 * (0.000893 + 0.003796 * 0.4343575)) = 0.860231
    x, y = geo._raw(90.0, 45.0)
    assert y == pytest.approx(0.860231, abs=2e-6)
    # x = 2 sqrt(3) (pi / 2) cos theta / (3 (A1 + 3 A2 theta^2 + theta^6 (7 A3 + 9 A4 theta^2)))
    denominator = 3 * (1.340264 - 0.243318 * 0.4343575 + 0.0819488 * (0.006251 + 0.034164 * 0.4343575))
    assert x == pytest.approx(2 * math.sqrt(3) * math.pi / 2 * math.cos(0.6590580) / denominator, rel=1e-6)


@given(st.floats(-180, 180), st.floats(-56, 77))
def test_points_lie_on_the_map_and_north_is_up(lon: float, lat: float) -> None:
    x, y = geo.project(lon, lat)
    assert 0 <= x <= geo.WIDTH
    assert 0 <= y <= geo.HEIGHT
    assert geo.project(lon, lat + 1)[1] <= y


def test_land_has_no_stroke_across_the_world() -> None:
    for ring in geo.land_path().split("Z")[:-1]:
        points = [tuple(map(float, p.split())) for p in re.split("[ML]", ring)[1:]]
        for (x0, _), (x1, _) in pairwise(points):
            assert abs(x1 - x0) < geo.WIDTH / 4
