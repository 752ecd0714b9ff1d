"""The import itself: meaning of each format worked out by hand, faults, duplicates, memory, deadlines."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from greensched.core.errors import ConfigError, DataError, UnknownNameError
from greensched.traces import describe, jobtable, plot
from greensched.traces.importing import deadlines, duplicates, registry
from greensched.traces.importing.contract import Machine, TraceFormat, hashed
from greensched.traces.importing.tally import Tally
from tests.conftest import PEAK_KB, ROOT
from tests.traces.import_files import example, import_files


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_google2011_by_hand(tmp_path: Path) -> None:
    """Resubmission, eviction, both ends of the window, in two parts of which the second comes first."""
    late = write(tmp_path, "b.csv", "900000000,,1,4,u,2,n,l\n9223372036854775807,,3,4,u,0,n,l\n")
    early = write(
        tmp_path,
        "a.csv",
        "#time,missing,job,event,user,class,name,logical\n"
        "600000000,,1,0,u,2,n,l\n610000000,,1,1,u,2,n,l\n650000000,,1,3,u,2,n,l\n"
        "660000000,,1,0,u,2,n,l\n700000000,,1,1,u,2,n,l\n"
        "0,,2,0,v,3,,\n0,,2,1,v,3,,\n1600000000,,2,5,v,3,,\n"
        "600500000,,3,0,u,0,n,l\n601000000,,3,1,u,0,n,l\n"
        "700000000,,4,0,w,1,n,l\n702000000,,4,1,w,1,n,l\n703000000,,4,2,w,1,n,l\n",
    )
    rows, about = import_files("google2011", [late, early], tmp_path)
    assert about["report"]["rows_read"] == 15
    one, two, three, four = rows.to_dict("records")
    assert (one["arrival_s"], one["queue_s"], one["duration_s"]) == (0.0, 10.0, 200.0)  # 900 - the last start at 700
    assert (one["attempts"], one["status"], one["service_class"]) == (2, "finished", "2")
    assert pd.isna(two["arrival_s"]) and pd.isna(two["duration_s"])
    assert (two["at_least_s"], two["status"]) == (1000.0, "killed") and pd.isna(two["name"])
    assert (three["arrival_s"], three["status"]) == (0.5, "running") and pd.isna(three["duration_s"])
    assert (four["duration_s"], four["status"]) == (1.0, "evicted")


def test_normalised_demand_is_marked_and_its_assumption_can_be_chosen(tmp_path: Path) -> None:
    text = "700000000,,1,0,,0,u,2,5,0.5,0.25,,\n701000000,,1,0,9,8,u,2,5,0.75,,,\n700000001,,1,1,,0,u,2,5,,,,\n"
    path = write(tmp_path, "t.csv", text)
    rows, about = import_files("google2011", [path], tmp_path, machine=Machine("mine", 64.0, 512.0))
    assert rows["cores"].tolist()[0] == 48.0 and rows["mem_gb"].tolist()[0] == 128.0  # the larger request counts
    assert rows["cores_norm_frac"].tolist()[0] == 0.75
    assert rows.loc[1, ["cores", "mem_gb", "cores_norm_frac", "gpus"]].isna().all()  # not said is not 0
    assert about["machine"] == "mine: assumed 64 cores and 512 GB in the largest machine"


def test_alibaba2018_graph_by_hand(tmp_path: Path) -> None:
    names = ["M1", "R3_1_2", "J4_3_Stg2", "task_abc", "MergeTask", "R9_1_2_3_4_5_6_7_8_10_11_12_13_14_15_16_17_18_19_2"]
    path = write(tmp_path, "b.csv", "".join(f"{n},1,j,1,Terminated,10,30,50,1.5\n" for n in names))
    rows, _ = import_files("alibaba2018", [path], tmp_path)
    assert rows["task"].tolist() == ["1", "3", "4", "task_abc", "MergeTask", "9"]
    assert [list(a) for a in rows["after"]][:5] == [[], ["1", "2"], ["3"], [], []]
    assert len(names[-1]) == 50 and rows["after"].iloc[5][-1] == "19"  # cut within the last number
    assert rows["cores"].tolist()[0] == 0.5 and rows["duration_s"].tolist()[0] == 20.0


def test_philly_by_hand(tmp_path: Path) -> None:
    rows, _ = import_files("philly", list(example(registry.load("philly"), tmp_path)), tmp_path)
    first = rows.iloc[0]
    assert first["arrival_s"] == 67 * 86_400 + 3_600 + 24 * 60 + 32  # 7 October is 67 days after 1 August
    assert (first["queue_s"], first["duration_s"], first["attempts"], first["gpus"]) == (60.0, 3600.0, 2, 3.0)
    assert rows["status"].tolist() == ["finished", "killed", "failed"]
    assert rows["group"].tolist() == ["ee9e8c", "11cb48", "11cb48"] and rows["gpus"].isna().tolist() == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"status": "Pass"', '"status": "Perhaps"'), r"cluster_job_log:2: unknown status 'Perhaps'"),
        (('"jobid"', '"jobname"'), r"cluster_job_log:2: no field 'jobid'"),
        (('2017-10-07 01:24:32"', 'yesterday"'), "does not match format"),
        (('"end_time": "2017-10-07 02:30:00"', '"end_time": "2016-01-01 00:00:00"'), "end_time is before start_time"),
    ],
)
def test_philly_faults(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = example(registry.load("philly"), tmp_path)[0]
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(DataError, match=message):
        import_files("philly", [path], tmp_path)
    rows, about = import_files("philly", [path], tmp_path, lenient=True)
    assert len(rows) == 2 and sum(c["rows"] for c in about["report"]["malformed"].values()) == 1


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2", "[{]", '[{"a": 1}] more', "[" * 5000])
def test_json_that_is_no_array_of_jobs_is_an_error_even_when_lenient(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"log:1: .*expected"):
        import_files("philly", [write(tmp_path, "log", text)], tmp_path, lenient=True)


def test_packing_by_hand(tmp_path: Path) -> None:
    """Machine 0 holds both types, machine 1 only one: shares are those of machine 0, of 40 cores and 256 GB."""
    path = example(registry.load("azure-packing2020"), tmp_path)[0]
    rows, about = import_files("azure-packing2020", [path], tmp_path)
    assert rows["cores"].tolist() == [20.0, 2.0, 20.0] and rows["mem_gb"].tolist() == [64.0, 25.6, 64.0]
    assert rows["arrival_s"].tolist() == [-302_400.0, 43_200.0, 1_123_200.0]
    assert rows["duration_s"].tolist()[:2] == [324_000.0, 21_600.0] and pd.isna(rows["duration_s"][2])
    assert rows["priority"].tolist() == [1, 0, 0]  # the source's 0 is the high one
    assert about["report"]["facts"]["machineId"] == "0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("update vm set endtime = -9.0 where vmId = 0", "endtime is before starttime"),
        ("update vm set starttime = 'soon' where vmId = 1", r":2: starttime is not a number: 'soon'"),
        ("update vm set priority = 7 where vmId = 1", "priority is too large"),
        ("update vmType set core = 2.5 where id = 0", r"vmType: core 2\.5"),
        ("delete from vmType", "vmType is empty"),
        ("drop table vmType", "table vmType has no column"),
        ("alter table vm rename column starttime to begin", "table vm has no column starttime"),
        ("insert into vm select * from vm where vmId = 1", "second time"),
    ],
)
def test_packing_faults(tmp_path: Path, change: str, message: str) -> None:
    path = example(registry.load("azure-packing2020"), tmp_path)[0]
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(change)
        database.commit()
    with pytest.raises(DataError, match=message):
        import_files("azure-packing2020", [path], tmp_path)


def test_a_damaged_database_is_an_error(tmp_path: Path) -> None:
    path = example(registry.load("azure-packing2020"), tmp_path)[0]
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    with pytest.raises(DataError, match="damaged SQLite"):
        import_files("azure-packing2020", [path], tmp_path)


def test_google2019_kaggle_cells_over_several_lines(tmp_path: Path) -> None:
    text = (
        "time,instance_events_type,collection_id,instance_index,collection_type,resource_request,"
        "start_after_collection_ids,user\n"
        "700000000.0,0,11.0,2.0,0,\"{'cpus': 0.5, 'memory': None}\",\"[1 2\n 3]\",u\n"
        "701000000.0,3,11.0,2.0,0,\"{'cpus': 0.25, 'memory': 0.125}\",[],u\n"
        "9.223372036854776e+18,6,11.0,2.0,0,{},[],u\n"
    )
    rows, _ = import_files("google2019", [write(tmp_path, "k.csv", text)], tmp_path)
    (row,) = rows.to_dict("records")
    assert (row["cores_norm_frac"], row["mem_norm_frac"], row["queue_s"]) == (0.5, 0.125, 1.0)
    assert row["labels"] == "start_after=1 2 3" and row["status"] == "running"
    bad = write(tmp_path, "bad.csv", text.replace("{'cpus': 0.25, 'memory': 0.125}", "{'cpus': many}"))
    with pytest.raises(DataError, match=r"bad\.csv:4: resource_request\.cpus is not a number: 'many'"):
        import_files("google2019", [bad], tmp_path)


def test_the_first_bad_row_is_named_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    good = "5,,7,0,u,1,n,l\n"
    text = good * 3 + "\n# remark\n" + good + "5,,7,12,u,1,n,l\n" + "5,,x,0,u,1,n,l\n" + "5,,\n"
    path = write(tmp_path, "a.csv", text)
    with pytest.raises(DataError, match=r"a\.csv:7: event_type is too large; expected a whole number from 0 to 8"):
        import_files("google2011", [path], tmp_path)
    rows, about = import_files("google2011", [path], tmp_path, lenient=True)
    faults = about["report"]["malformed"]
    assert [c["first"].rsplit(":")[-1] for c in faults.values()] == ["7", "8", "9"]
    assert len(rows) == 1 and about["report"]["rows_read"] == 7


def test_columns_by_name_where_there_is_a_header(tmp_path: Path) -> None:
    path = example(registry.load("alibaba-gpu2023"), tmp_path)[0]
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    want, _ = import_files("alibaba-gpu2023", [path], tmp_path / "a")
    frame["extra"] = "?"
    frame[sorted(frame.columns)].to_csv(path, index=False)
    got, _ = import_files("alibaba-gpu2023", [path], tmp_path / "b")
    pd.testing.assert_frame_equal(want, got)
    frame.drop(columns="num_gpu").to_csv(path, index=False)
    with pytest.raises(DataError, match=r":1: no column num_gpu; expected the header of openb_pod_list"):
        import_files("alibaba-gpu2023", [path], tmp_path)


def test_another_table_of_the_trace_is_named(tmp_path: Path) -> None:
    usage = write(tmp_path, "u.csv", ",".join(["1"] * 20) + "\n")
    with pytest.raises(DataError, match=r"20 columns \(as task_usage has\); expected 8 \(job_events\)"):
        import_files("google2011", [usage], tmp_path)
    with pytest.raises(DataError, match="the name says no table"):
        import_files("alibaba-gpu2020", [write(tmp_path, "x.csv", "a,b\n")], tmp_path)
    with pytest.raises(DataError, match="a line of more than"):
        import_files("google2011", [write(tmp_path, "long.csv", "1" * (3 << 20))], tmp_path)
    with pytest.raises(DataError, match="no such file"):
        import_files("google2011", [tmp_path / "part-*.csv"], tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean 'google2011'"):
        registry.load("gogle2011")


def test_duplicates_are_found_in_several_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    key = rng.integers(0, 3000, 10_000)
    keys = []
    for i, part in enumerate(np.array_split(key, 3)):
        np.stack([part, np.arange(len(part))], axis=1).tofile(tmp_path / f"{i}.bin")
        keys.append((Path(f"part{i}"), tmp_path / f"{i}.bin"))
    monkeypatch.setattr(duplicates, "_AT_ONCE", 1000)
    seconds, first = duplicates.second_rows(keys)
    assert seconds.tolist() == np.flatnonzero(pd.Series(key).duplicated()).tolist()
    assert (key[first] == key[seconds]).all() and (first < seconds).all()
    tally = Tally(lenient=True)
    assert len(duplicates.judge(keys, tally)) == len(seconds)
    assert next(iter(tally.malformed.values())).rows == len(seconds)


def test_keys_tell_columns_apart() -> None:
    assert hashed(["a", "b"], ["b", "a"]).tolist()[0] != hashed(["b"], ["a"]).tolist()[0]
    assert len(set(hashed(["a", "", "ab"], ["b", "ab", ""]).tolist())) == 3


@pytest.mark.parametrize("rule", ["uniform", "lognormal"])
def test_deadlines_follow_rule_and_seed_and_not_the_company(tmp_path: Path, rule: str) -> None:
    lines = [f"{i} {i * 10} 0 {1000 + i} 1 -1 -1 1 -1 -1 1 1 1 -1 1 1 -1 -1\n" for i in range(2000)]
    everything, one = write(tmp_path, "a.swf", "".join(lines)), write(tmp_path, "b.swf", lines[1234])
    law = deadlines.RULES[rule]
    rows, about = import_files("swf", [everything], tmp_path, deadlines=law, seed=3)
    factor = (rows["deadline_s"] - rows["arrival_s"]) / rows["duration_s"]
    if rule == "uniform":
        assert factor.min() >= 1.5 and factor.max() <= 6.0 and factor.mean() == pytest.approx(3.75, rel=0.03)
    else:
        assert factor.median() == pytest.approx(2.5, rel=0.05) and factor.min() >= 1.1 - 1e-9
    assert law.text in about["deadlines"] and "seed 3" in about["deadlines"]
    alone, _ = import_files("swf", [one], tmp_path, deadlines=law, seed=3)
    assert alone["deadline_s"][0] == rows["deadline_s"][1234]
    other, _ = import_files("swf", [everything], tmp_path, deadlines=law, seed=4)
    assert (other["deadline_s"] != rows["deadline_s"]).mean() > 0.9  # the lognormal law has a least factor
    none, about = import_files("swf", [everything], tmp_path)
    assert none["deadline_s"].isna().all() and about["deadlines"] == deadlines.NONE
    some, _ = import_files("swf", [everything], tmp_path, deadlines=dataclasses.replace(law, none_share=0.5))
    assert some["deadline_s"].isna().mean() == pytest.approx(0.5, abs=0.05)


MEASURE = f"""
import sys
from pathlib import Path
from greensched.traces.importing import engine, registry
from greensched.traces.importing.contract import Options
engine.import_trace(registry.load(sys.argv[1]), [sys.argv[2]], Path(sys.argv[3]), Options(workers=1))
print({PEAK_KB} // 1024)
"""


def peak_mb(name: str, path: Path, folder: Path) -> int:
    path_of_code = os.pathsep.join([str(ROOT / "python"), str(ROOT / "bridge" / "python")])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, name, str(path), str(folder / "jobs.parquet")],
        env=os.environ | {"PYTHONPATH": path_of_code},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["google2011", "azure-v1"])
def test_memory_is_bounded(name: str, tmp_path: Path) -> None:
    """A file of some 120 MB takes little more than one a quarter of it, although no two rows are one job."""
    text = (
        "{t}000000,,{i},0,uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu{u},1,nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn{i},l{u}\n"
        if name == "google2011"
        else "vm/{i}+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,sub{u},dep{u}bbbbbbbbbbbbbbbbbbbbbbbbbbbb,300,900,"
        "99.5,3.25,10.5,Interactive,2,3.5\n"
    )
    peaks = {}
    for size_mb in (4, 30, 120):
        path = tmp_path / "part.csv"
        with path.open("w") as stream:
            row = 0
            while stream.tell() < size_mb << 20:
                stream.write("".join(text.format(t=600 + i // 50, i=i, u=i % 997) for i in range(row, row + 20_000)))
                row += 20_000
        peaks[size_mb] = peak_mb(name, path, tmp_path)
    print(peaks)
    assert peaks[120] < peaks[4] + 260, peaks  # blocks, what a part holds before it spills, a bucket
    assert peaks[120] < peaks[30] + 120, peaks


def test_describe_and_plot(tmp_path: Path) -> None:
    lines = [f"{i} {i * 60} 5 {10 + i} 4 -1 -1 1 -1 -1 1 {i % 7} 1 -1 1 1 -1 -1\n" for i in range(101)]
    import_files("swf", [write(tmp_path, "a.swf", "".join(lines))], tmp_path)
    path = tmp_path / "out" / "jobs.parquet"
    found = describe.describe(path)
    assert found["rows"] == 101 and found["numbers"]["duration_s"]["quantiles"]["0.5"] == 60.0
    assert found["numbers"]["cores"]["mean"] == 4.0 and found["numbers"]["gpus"] == {
        "missing_frac": 1.0,
        "unit": "GPUs",
    }
    assert found["words"]["user"]["distinct"] == 7 and found["words"]["user"]["most"]["0"] == 15
    assert found["arrivals"]["per_min"] == pytest.approx(1.0) and found["arrivals"]["c2"] == pytest.approx(0.0)
    assert found["arrivals"]["idc"]["300"] == pytest.approx(0.0)  # five in each window
    json.dumps(found)
    said = "\n".join(describe.text(found))
    assert "duration_s" in said and "not in this trace: " in said and "gpus" in said
    picture = plot.svg(path)
    assert (
        picture.startswith("<svg") and "script" not in picture and "http" not in picture.replace("w3.org", "", 1)[30:]
    )
    assert "run time" in picture and "cores" in picture


def test_poisson_arrivals_are_not_bursty() -> None:
    rng = np.random.default_rng(1)
    found = describe.arrivals(np.cumsum(rng.exponential(1.0, 300_000)))
    assert found is not None
    assert found["c2"] == pytest.approx(1.0, abs=0.02)
    assert found["idc"]["60"] == pytest.approx(1.0, abs=0.06) and found["peak_to_trough"] < 1.5
    assert describe.arrivals(np.array([1.0, 1.0, 1.0])) is None


def test_a_plug_in_is_one_class(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Point:
        value = "own:Own"

        def __init__(self, found: object) -> None:
            self._found = found

        def load(self) -> object:
            return self._found

    swf = registry.load("swf")
    own = type("Own", (type(swf),), {"name": "own", "__doc__": "My logs."})
    monkeypatch.setattr(registry, "_installed", lambda: {"own": Point(own), "broken": Point(3)})
    assert {"own", "broken", "swf"} <= set(registry.names())
    form = registry.load("own")
    assert isinstance(form, TraceFormat)
    rows, about = import_files(form, list(example(form, tmp_path)), tmp_path)
    assert len(rows) == 3 and about["format"] == "own"
    with pytest.raises(ConfigError, match="no class after TraceFormat"):
        registry.load("broken")


def test_what_is_no_job_table_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="no job table; make one with: greensched trace import"):
        jobtable.read(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        jobtable.metadata(write(tmp_path, "text.parquet", "x"))


def test_a_gzip_of_several_members_is_one_file(tmp_path: Path) -> None:
    lines = [f"{i} {i} 0 9 1 -1 -1 1 -1 -1 1 1 1 -1 1 1 -1 -1\n".encode() for i in range(10)]
    path = tmp_path / "a.swf.gz"
    path.write_bytes(gzip.compress(b"".join(lines[:5])) + gzip.compress(b"".join(lines[5:])))
    rows, _ = import_files("swf", [path], tmp_path)
    assert rows["job"].tolist() == [str(i) for i in range(10)]
