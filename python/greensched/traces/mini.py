"""The data pack's small CSV subsets (``mini/*.csv.gz``), brought to the columns of the normalised Parquet files.

They stand in where ``traces/normalized`` is absent: six hours of Azure V1, a day of Google 2011, Alibaba GPU v2023.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv

FILES = {
    "azure_v1_vms.parquet": "mini/azure_v1_first6h.csv.gz",
    "google2011_jobs_7d.parquet": "mini/google2011_first24h.csv.gz",
    "alibaba_gpu_v2023_pods.parquet": "mini/alibaba_gpu_v2023.csv.gz",
}


def find(root: Path, name: str) -> Path | None:
    """The subset that stands in for the normalised file ``name``, if the folder has it."""
    path = root / FILES[name]
    return path if path.is_file() else None


def read(path: Path) -> pa.Table:
    """The subset as a table; run times of Azure are bin mid-points, GPUs of Alibaba are counts or shares of one."""
    table = pc_csv.read_csv(path)
    names = table.column_names
    if "duration_lo_s" in names and "duration_s" not in names:
        middle = pc.divide(pc.add(table["duration_lo_s"], table["duration_hi_s"]), 2.0)
        table = table.append_column("duration_s", middle)
        table = table.append_column("part", pa.array(["mini"] * len(table)))
    if "gpu_milli" in names and "gpus" not in names:
        count = table["num_gpu"].to_numpy()
        share = table["gpu_milli"].to_numpy() / 1000.0
        table = table.append_column("gpus", pa.array(np.where(count > 1, count, share)))
    return table
