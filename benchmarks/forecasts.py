"""Forecasts of carbon intensity on the zones of the real ones: persistence, seasonal mean, a trained one, CarbonCast's.

Second half of 2021, daily issues at 00:00 UTC, hourly to 96 h, life cycle; mean absolute percentage error by day ahead.
The trained forecaster is a ridge regression of log intensity per zone and day ahead on what was known at the issue: the
last hours, the same hour of past days, the usual day, and the issued wind and solar shares. It is fitted on the issues
whose last hour lies before 1 October and judged on those from 5 October on; the others are judged on the same issues.

python benchmarks/forecasts.py [--quick] [--data DIR]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import harness
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from greensched.signals.carboncast import own_days

F64 = NDArray[np.float64]
REPO = Path(__file__).resolve().parent.parent
FILE = "grid/forecasts_carboncast_2021H2.parquet"
HOURS, DAYS, PAST = 96, 4, 14
TRAIN, TEST = np.datetime64("2021-10-01"), np.datetime64("2021-10-05")
RIDGE = 3.0


def issues(path: Path, zone: str) -> tuple[NDArray[np.datetime64], dict[str, F64]]:
    """Days of issue, and per column values of shape (issues, 96)."""
    rows = pq.read_table(path, filters=[("zone", "==", zone)]).to_pandas()
    stamps = (rows["issue_ts"].dt.tz_convert("UTC").dt.tz_localize(None) - pd.Timestamp(0)) // pd.Timedelta(seconds=1)
    own = own_days(path, stamps.to_numpy(np.int64), rows["horizon_h"].to_numpy())
    rows["issue_ts"] = pd.to_datetime(own, unit="s")
    columns = ("ci_lca_actual", "ci_lca_fcst", "wind_fcst_mw", "solar_fcst_mw", "total_fcst_mw")
    wide = {c: rows.pivot(index="issue_ts", columns="horizon_h", values=c) for c in columns}
    days = wide["ci_lca_actual"].index.to_numpy().astype("datetime64[D]")
    return days, {c: frame.to_numpy(dtype=np.float64) for c, frame in wide.items()}


def forecasts(days: NDArray[np.datetime64], of: dict[str, F64]) -> tuple[dict[str, F64], F64, NDArray[np.bool_]]:
    """Forecasts by method, what came, and which issues are judged."""
    truth = of["ci_lca_actual"]
    by_day = {day: truth[i, :24] for i, day in enumerate(days)}  # what was known once the day was over
    steps = [[day - np.timedelta64(k, "D") for k in range(1, PAST + 1)] for day in days]
    whole = np.array([all(d in by_day for d in past) for past in steps])
    history = np.array(
        [[by_day.get(d, np.full(24, np.nan)) for d in past] for past in steps]
    )  # (issue, days ago, hour)
    last, mean = history[:, 0, :], history.mean(axis=1)
    made = {
        "persistence (last value)": np.repeat(last[:, -1:], HOURS, axis=1),
        "persistence (same hour yesterday)": np.tile(last, (1, DAYS)),
        f"seasonal mean ({PAST} days, by hour)": np.tile(mean, (1, DAYS)),
        "CarbonCast": of["ci_lca_fcst"],
    }
    learn = whole & (days + np.timedelta64(DAYS, "D") <= TRAIN) & ~np.isnan(truth).any(axis=1)
    judged = whole & (days >= TEST) & ~np.isnan(truth).any(axis=1)
    made["trained (ridge)"] = ridge(history, mean, of, truth, learn)
    return made, truth, judged


def ridge(history: F64, mean: F64, of: dict[str, F64], truth: F64, learn: NDArray[np.bool_]) -> F64:
    """Predictions of all issues by one regression per day ahead, fitted where ``learn``."""
    total = np.where(of["total_fcst_mw"] > 0, of["total_fcst_mw"], np.nan)
    shares = [np.nan_to_num(of[c] / total) for c in ("wind_fcst_mw", "solar_fcst_mw")]
    result = np.empty_like(truth)
    for ahead in range(DAYS):
        hours = slice(24 * ahead, 24 * ahead + 24)
        level = np.log(mean)
        blocks = [
            np.log(history[:, 0, :]) - level,
            np.log(history[:, 1, :]) - level,
            np.log(history[:, 6 - ahead if ahead < 6 else 0, :]) - level,  # the same day of the week
            *(np.repeat((np.log(history[:, 0, k]) - level[:, k])[:, None], 24, axis=1) for k in (-1, -2, -4)),
            np.repeat((np.log(history[:, 0, :]) - level).mean(axis=1)[:, None], 24, axis=1),
            *(share[:, hours] for share in shares),
            *(share[:, hours] - share[:, :24].mean(axis=1)[:, None] for share in shares),
        ]
        x = np.stack(blocks, axis=2)  # (issue, hour, feature)
        y = np.log(truth[:, hours]) - level
        centre, spread = x[learn].mean(axis=(0, 1)), x[learn].std(axis=(0, 1)) + 1e-9
        z = np.concatenate([(x - centre) / spread, np.broadcast_to(np.eye(24), (len(x), 24, 24))], axis=2)
        a, b = z[learn].reshape(-1, z.shape[2]), y[learn].reshape(-1)
        beta = np.linalg.solve(a.T @ a + RIDGE * np.eye(a.shape[1]), a.T @ b)
        result[:, hours] = np.exp(z @ beta + level)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    default = os.environ.get("GREENSCHED_DATA", REPO.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    arguments = parser.parse_args()
    path = arguments.data / FILE
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; the real forecasts are in the data pack (--data DIR)")
    report = harness.Report("forecasts", arguments.quick)
    zones = sorted(set(pq.read_table(path, columns=["zone"]).column("zone").to_pylist()))
    errors: dict[str, list[F64]] = {}
    for zone in zones[:2] if arguments.quick else zones:
        made, truth, judged = forecasts(*issues(path, zone))
        for method, values in made.items():
            error = 100 * np.abs(values[judged] / truth[judged] - 1).reshape(-1, DAYS, 24).mean(axis=(0, 2))
            errors.setdefault(method, []).append(error)
        trained = errors["trained (ridge)"][-1].mean()
        simple = min(errors[m][-1].mean() for m in errors if "persistence" in m or "seasonal" in m)
        report.add(zone, "trained / best simple forecast", float(trained / simple), "ratio", 1.0)
    for method, by_zone in errors.items():
        for day, error in enumerate(np.mean(by_zone, axis=0), 1):
            report.add(f"{method}, {len(by_zone)} zones", f"MAPE day {day}", float(error), "%")
    return report.write()


if __name__ == "__main__":
    raise SystemExit(main())
