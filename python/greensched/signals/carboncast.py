"""Real forecasts: CarbonCast issues of the second half of 2021 (13 zones, daily at 00:00 UTC, 96 h, hourly).

In seven zones the issue of 5 December bears the stamp of the 4th, which then comes twice. That the second one is the
5th's is seen from its actual values: they are those of the 4th, a day on. Under its stamp it would be told a day early.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from greensched.core.errors import DataError
from greensched.core.types import F64, I64
from greensched.signals.series import utc_text

FORECASTS = "grid/forecasts_carboncast_2021H2.parquet"
MODEL = "CarbonCast (published issues of 2021 H2)"
_HOURS = 96
_DAY_S = 86_400


def load(root: Path, zone: str, start: datetime, end: datetime) -> tuple[I64, dict[str, F64]]:
    """Issues of ``zone`` from the newest at or before ``start`` up to ``end``.

    Returns:
        issue instants (POSIX seconds) and, per kind, values of shape (issues, 96). Kinds: ``carbon_gpkwh`` (life
        cycle),
        ``wind_frac`` and ``solar_frac`` (forecast MW over forecast total MW; absent where the zone has none).

    Raises:
        DataError: the file is missing, or has no issue for the zone and window.
    """
    path = root / FORECASTS
    if not path.is_file():
        raise DataError(f"{path}: no such file; use forecasts: {{source: synthetic}}")
    columns = ["issue_ts", "horizon_h", "ci_lca_fcst", "wind_fcst_mw", "solar_fcst_mw", "total_fcst_mw"]
    table = pq.read_table(path, columns=columns, filters=[("zone", "==", zone), ("issue_ts", "<", end)])
    issued = table.column("issue_ts").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy() // 1_000_000
    hour = table.column("horizon_h").to_numpy()
    issued = own_days(path, issued, hour)
    before = issued[issued <= int(start.timestamp())]
    if len(before) == 0:
        raise DataError(
            f"{path}: no issue for zone {zone} at or before {start:%Y-%m-%dT%H:%MZ}; forecasts are of 2021 H2"
        )
    keep = issued >= before.max()
    issues, row = np.unique(issued[keep], return_inverse=True)
    if issues[-1] < int(end.timestamp()) - 2 * 86400:
        raise DataError(f"{path}: the last issue for zone {zone} lies more than a day before the end of the run")
    hour = hour[keep]

    def grid(name: str) -> F64:
        values = np.full((len(issues), _HOURS), np.nan)
        values[row, hour] = table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)[keep]
        return values

    total = grid("total_fcst_mw")
    total[total <= 0] = np.nan
    kinds = {
        "carbon_gpkwh": grid("ci_lca_fcst"),
        "wind_frac": np.clip(grid("wind_fcst_mw") / total, 0.0, 1.0),
        "solar_frac": np.clip(grid("solar_fcst_mw") / total, 0.0, 1.0),
    }
    return issues.astype(np.int64), {k: v for k, v in kinds.items() if not np.isnan(v).all()}


def own_days(path: Path, issued_s: I64, hour: NDArray[np.integer[Any]]) -> I64:
    """Instants of issue of rows in the order of the file; the second issue of one stamp is the next day's.

    Raises:
        DataError: a stamp comes three times, or twice while the next day has an issue.
    """
    result = issued_s.copy()
    seen: dict[tuple[int, int], int] = {}
    days = set(issued_s.tolist())
    for row, key in enumerate(zip(issued_s.tolist(), hour.tolist(), strict=True)):
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2 and key[0] + _DAY_S not in days:
            result[row] += _DAY_S
        elif seen[key] > 1:
            raise DataError(
                f"{path}: hour {key[1]} of the issue of {utc_text(datetime.fromtimestamp(key[0], UTC))} comes twice"
            )
    return result
