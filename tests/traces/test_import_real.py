"""Trace import on the real samples: as many rows as the pack says, and the statistics that data.md measured on them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from greensched.traces import describe
from tests.traces.import_files import import_files

GIB_IN_GB = 1.073741824


@pytest.fixture
def raw(data_folder: Path) -> Path:
    return data_folder / "traces" / "raw"


def normalized(data_folder: Path, name: str) -> pd.DataFrame:
    return pq.read_table(data_folder / "traces" / "normalized" / name).to_pandas()


def test_google2011_jobs_are_those_of_the_pack(data_folder: Path, raw: Path, tmp_path: Path) -> None:
    rows, about = import_files("google2011", [raw / "google2011/job_events/part-*.csv.gz"], tmp_path)
    assert about["report"]["rows_read"] == 36_530  # lines of the nine parts, as the pack lists them
    assert about["report"]["malformed"] == about["report"]["left_out"] == {}
    assert rows["arrival_s"].isna().sum() == 3_986  # "3,986 jobs at time 0"
    pack = normalized(data_folder, "google2011_jobs_7d.parquet").astype({"job_id": str}).set_index("job_id")
    rows = rows.set_index("job").join(pack.add_suffix("_pack"))
    assert len(rows) == 13_507 and rows["arrival_s_pack"].notna().all()
    seen = rows[rows["arrival_s"].notna()]
    np.testing.assert_allclose(seen["arrival_s"], seen["arrival_s_pack"], atol=1e-3)
    started = seen[seen["queue_s"].notna()]  # the last few start in a later part
    assert len(started) > 0.998 * len(seen)
    np.testing.assert_allclose(started["queue_s"], started["queue_s_pack"], atol=2e-3)
    assert (rows["service_class"].astype(int) == rows["scheduling_class_pack"]).all()
    both = seen[seen["duration_s"].notna()]
    apart = (both["duration_s"] - both["duration_s_pack"]).abs() > 0.01
    # the pack counts from the first start, data.md's rule is from the last; one job of these hours started twice
    assert both.index[apart].tolist() == rows.index[rows["attempts"] == 2].tolist()
    codes = both["status"].map({"evicted": 2, "failed": 3, "finished": 4, "killed": 5, "lost": 6})
    assert (codes == both["end_type_pack"]).all()
    assert both["queue_s"].median() == pytest.approx(1.7, abs=0.2)  # median of the whole trace


def test_google2011_tasks_have_demand_and_names_from_the_jobs(raw: Path, tmp_path: Path) -> None:
    tasks = raw / "google2011/task_events_sample/part-00000-of-00500.csv.gz"
    rows, about = import_files("google2011", [tasks], tmp_path / "a")
    assert (len(rows), about["report"]["rows_read"]) == (1_015, 1_015)
    assert rows["name"].isna().all() and rows["cores_norm_frac"].max() <= 1.0
    asked = rows[rows["cores_norm_frac"].notna()]
    np.testing.assert_allclose(asked["cores"], asked["cores_norm_frac"] * 32)
    assert "32 cores" in about["machine"]
    parts = [tasks, raw / "google2011/job_events/part-00000-of-00500.csv.gz"]
    named, about = import_files("google2011", parts, tmp_path / "b")
    assert len(named) == 1_015 and named["name"].notna().all() and named["logical_name"].notna().all()
    assert "without a task in these files" in next(iter(about["report"]["left_out"]))


def test_google2019_in_its_variants(raw: Path, tmp_path: Path) -> None:
    folder = raw / "google2019"
    kaggle = folder / "borg2019_kaggle_sample_20k.csv.gz"
    rows, about = import_files("google2019", [kaggle], tmp_path / "a")
    source = pd.read_csv(kaggle)
    jobs = source[source["collection_type"] == 0]
    assert about["report"]["rows_read"] == 20_000
    assert next(iter(about["report"]["left_out"].values()))["rows"] == (source["collection_type"] == 1).sum() == 1_778
    assert len(rows) == len(jobs[["collection_id", "instance_index"]].drop_duplicates())
    asked = jobs["resource_request"].str.extract(r"'cpus': ([-0-9.e]+), 'memory': ([-0-9.e]+)").astype(float)
    keys = [jobs["collection_id"].astype("int64").astype(str), jobs["instance_index"].astype("int64").astype(str)]
    most = asked.groupby(keys).max()
    got = rows.set_index(["job", "task"])[["cores_norm_frac", "mem_norm_frac"]].sort_index()
    np.testing.assert_array_equal(got.to_numpy(), most.sort_index().to_numpy())
    p10, p50, p90, p99 = np.quantile(asked[0], [0.1, 0.5, 0.9, 0.99])  # of the requests, as data.md counts them
    assert [p10, p50, p90, p99] == pytest.approx([0.0012, 0.0081, 0.0266, 0.097], rel=0.15)
    rows, about = import_files("google2019", [folder / "collection_events_sample.csv.gz"], tmp_path / "b")
    assert (about["report"]["rows_read"], len(rows)) == (999, 743)
    rows, about = import_files("google2019", [folder / "instance_events_sample.csv.gz"], tmp_path / "c")
    assert about["report"]["rows_read"] == 999 and rows["task"].notna().all()


def test_azure_v1(raw: Path, tmp_path: Path) -> None:
    rows, _ = import_files("azure-v1", [raw / "azure_v2_opendc_sample/vmtable.csv.gz"], tmp_path)
    assert len(rows) == 10
    assert rows["at_least_s"].notna().sum() == 8 and rows["duration_s"].dropna().tolist() == [1_800.0, 18_900.0]
    assert rows["mem_gb"].tolist() == [1.75, 0.75, 1.75, 56.0, 1.75, 56.0, 1.75, 56.0, 1.75, 56.0]
    assert rows["service_class"].isna().sum() == 2  # "Unkown" says nothing
    assert rows["user"].notna().all() and rows["group"].notna().all()


def test_azure_llm(raw: Path, tmp_path: Path) -> None:
    figures = {"code": (8_819, 154, 173, 1469, 13), "conv": (19_366, 332, 1.2, 1020, 129)}
    for service, (count, per_min, c2, tokens_in, tokens_out) in figures.items():
        path = raw / f"azure_llm_2023/AzureLLMInferenceTrace_{service}.csv.gz"
        rows, _ = import_files("azure-llm2023", [path], tmp_path / service)
        assert len(rows) == count
        assert rows["tokens_in"].median() == tokens_in and rows["tokens_out"].median() == tokens_out
        arrivals = describe.arrivals(rows["arrival_s"].to_numpy())
        assert arrivals is not None
        assert arrivals["per_min"] == pytest.approx(per_min, rel=0.01)
        assert arrivals["c2"] == pytest.approx(c2, rel=0.03)
        if service == "code":
            assert arrivals["idc"]["60"] == pytest.approx(160, rel=0.05)
    assert set(rows["group"]) == {"conv"} and rows["job"].isna().all() and rows["duration_s"].isna().all()
    stamp = pd.Timestamp("2023-11-16") + pd.to_timedelta(rows["arrival_s"].iloc[0], unit="s")
    assert abs(stamp - pd.Timestamp("2023-11-16 18:15:46.6805900")) < pd.Timedelta("100ns")


@pytest.mark.parametrize("name", ["batch_task.csv.gz", "batch_task_sample_with_header.csv.gz"])
def test_alibaba2018(data_folder: Path, raw: Path, tmp_path: Path, name: str) -> None:
    rows, about = import_files("alibaba2018", [raw / "alibaba_v2018" / name], tmp_path)
    pack = normalized(data_folder, "alibaba_v2018_batch_tasks.parquet")
    assert len(rows) == len(pack) == 17_996
    pack = pack.rename(columns={"job_name": "job", "task_name": "name"}).set_index(["job", "name"])
    rows = rows.set_index(["job", "name"]).join(pack.add_suffix("_pack"), validate="1:1")
    np.testing.assert_array_equal(rows["cores"], rows["cpu_cores_pack"])
    np.testing.assert_allclose(rows["mem_norm_frac"] * 100, rows["mem_norm_pct_pack"])
    np.testing.assert_array_equal(rows["instances"], rows["instances_pack"])
    known = rows["duration_s"].notna()
    np.testing.assert_array_equal(rows["duration_s"][known], rows["duration_s_pack"][known])
    took = rows["duration_s"][(rows["duration_s"] > 0) & (rows["status"] == "finished")]
    assert len(took) == pytest.approx(17_500, rel=0.01)  # data.md: 17.5k, median 44, mean 228, p90 569, p99 2.8k
    assert (took.median(), round(took.mean()), took.quantile(0.9)) == (44, 228, 569)
    assert took.quantile(0.99) == pytest.approx(2_800, rel=0.02)
    assert about["report"]["left_out"] == {}
    names = rows.index.get_level_values("name")
    expected = [re.sub(r"(_Stg\d+)?$", "", re.sub(r"^[A-Z]+\d+", "", name)).split("_")[1:] for name in names]
    # the publisher cut names at 50 characters: of those the last number is unknown
    expected = [edges[:-1] if len(name) == 50 else edges for name, edges in zip(names, expected, strict=True)]
    assert [edge.tolist() for edge in rows["after"]] == expected
    assert 0 < about["report"]["notes"]["tasks whose name was cut by the publisher: they have more predecessors"] < 600


def test_alibaba_gpu2023(data_folder: Path, raw: Path, tmp_path: Path) -> None:
    rows, _ = import_files("alibaba-gpu2023", [raw / "alibaba_gpu_v2023/openb_pod_list_default.csv.gz"], tmp_path)
    pack = normalized(data_folder, "alibaba_gpu_v2023_pods.parquet")
    assert rows["job"].tolist() == pack["name"].tolist()
    for ours, theirs in (("arrival_s", "arrival_s"), ("cores", "cpu_cores"), ("gpus", "gpus"), ("queue_s", "queue_s")):
        np.testing.assert_allclose(rows[ours], pack[theirs])
    np.testing.assert_allclose(rows["mem_gb"], pack["mem_gb"] * GIB_IN_GB)
    whole = rows["duration_s"].fillna(rows["at_least_s"])
    np.testing.assert_array_equal(whole, pack["duration_s"])
    ran = whole[whole > 0]
    assert (ran.median(), round(ran.mean() / 100)) == (616, 289)  # data.md: 7.3k, 616, 28.9k
    assert (rows["gpus"] == 0).mean() == pytest.approx(0.134, abs=0.001)
    assert rows["gpus"].between(0, 1, inclusive="neither").mean() == pytest.approx(0.378, abs=0.001)
    dense = describe.arrivals(rows["arrival_s"][rows["arrival_s"] >= 9.96e6].to_numpy())
    assert dense is not None
    assert dense["per_min"] == pytest.approx(0.17, abs=0.01) and dense["c2"] == pytest.approx(2.6, abs=0.1)


def test_swf(raw: Path, tmp_path: Path) -> None:
    path = raw / "swf/LCG_first60k.swf.gz"
    rows, about = import_files("swf", [path], tmp_path)
    source = pd.read_csv(path, comment=";", sep=r"\s+", header=None)
    assert len(rows) == len(source) == 60_000  # 60,188 lines, 188 of them comments
    np.testing.assert_array_equal(rows["arrival_s"], source[1])
    np.testing.assert_array_equal(rows["duration_s"], source[3])
    np.testing.assert_array_equal(rows["expected_s"], source[8])
    assert rows["queue_s"].isna().all() and rows["status"].isna().all() and rows["mem_gb"].isna().all()
    assert (rows["user"] == source[11].astype(str)).all()
    assert about["report"]["facts"]["UnixStartTime"] == "1132444805"


def test_azure_v1_rewritten_to_the_vmtable_format(data_folder: Path, tmp_path: Path) -> None:
    """The same machines as the pack, whatever the way: a tenth of them, through a .gz."""
    pack = normalized(data_folder, "azure_v1_vms.parquet").iloc[::10]
    path = tmp_path / "vmtable.csv.gz"
    with gzip.open(path, "wt", compresslevel=1) as stream:
        vmtable(pack).to_csv(stream, header=False, index=False)
    rows, _ = import_files("azure-v1", [path], tmp_path)
    assert len(rows) == len(pack)
    np.testing.assert_array_equal(rows["arrival_s"], pack["arrival_s"] + 300)
    known = ~pack["censored"].to_numpy()
    np.testing.assert_array_equal(rows["duration_s"].isna(), ~known)
    np.testing.assert_allclose(rows["mem_gb"], pack["mem_gb"])
    assert rows["duration_s"].median() == pytest.approx(1_500, rel=0.01)  # data.md: median of the uncensored


def vmtable(pack: pd.DataFrame) -> pd.DataFrame:
    """Machines of the pack as rows of vmtable: whole grid steps, censored ones end with the window."""
    created = pack["arrival_s"].to_numpy().astype(np.int64) + 300
    lasted = np.floor(pack["duration_s"].to_numpy()).astype(np.int64)
    deleted = np.where(pack["censored"], 2_591_700, np.minimum(created + lasted, 2_591_400))
    n = len(pack)
    columns = {
        "vm": [f"vm{i}" for i in pack["vm_id"].astype(str) + pack["part"].astype(str)],
        "subscription": ["s"] * n,
        "deployment": pack["batch"].astype(str),
        "created": created,
        "deleted": deleted,
        "max": 99.5,
        "avg": 10.25,
        "p95": 50.0,
        "category": "Unknown",
        "cores": pack["cpu_cores"],
        "memory": pack["mem_gb"],
    }
    return pd.DataFrame(columns)
