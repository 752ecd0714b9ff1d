"""The page: self-contained, safe with hostile names, honest about what is missing."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from greensched.core.errors import DataError
from greensched.core.frames import read_frame, write_frame
from greensched.report.page import write_report
from greensched.results import metadata
from greensched.results.finish import finish
from tests.results.synthetic_run import CONFIG, write_run
from tests.worlds import write_advisories, write_faults

HOSTILE = "</script><img src=x onerror=alert(1)>&\u2028"


class Page(html.parser.HTMLParser):
    """Collects every element with its attributes, and the text of script and style elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.blocks:
            self.blocks[tag].append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] in self.blocks and self.cdata_elem:
            self.blocks[self.elements[-1][0]][-1] += data
        else:
            self.words.append(data)

    @property
    def csp(self) -> str:
        (meta,) = [a for t, a in self.elements if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
        return str(meta["content"])

    @property
    def data(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.blocks["script"][0])
        return content


def make(folder: Path, **config: Any) -> Page:
    write_run(folder, **config)
    finish(folder)
    return Page(write_report(folder).read_text(encoding="utf-8"))


@pytest.fixture
def page(tmp_path: Path) -> Page:
    write_run(tmp_path / "run" / "baseline", policy={"name": "local-only"})
    finish(tmp_path / "run" / "baseline")
    return make(tmp_path / "run")


def test_nothing_can_be_fetched(page: Page) -> None:
    assert page.csp.startswith("default-src 'none'; ")
    for tag, attributes in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}, tag
        assert not {"src", "href", "style", "onclick", "onload"} & set(attributes), (tag, attributes)
    assert not re.search(
        r"\burl\((?!#)|@import|fetch\(|XMLHttpRequest|import\(", "".join(page.blocks["style"] + page.blocks["script"])
    )


def test_the_policy_allows_exactly_the_script_and_style_on_the_page(page: Page) -> None:
    for kind, text in (("style-src", page.blocks["style"][0]), ("script-src", page.blocks["script"][1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in page.csp


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    datacenters = [CONFIG["datacenters"][0] | {"name": HOSTILE, "zone": HOSTILE}, CONFIG["datacenters"][1]]
    page = make(tmp_path / "run", datacenters=datacenters, scenario=HOSTILE)
    assert "img" not in [tag for tag, _ in page.elements]
    assert page.data["datacenters"][0]["name"] == HOSTILE
    assert any(HOSTILE in word for word in page.words)


def test_advisories_stand_beside_what_was_done(tmp_path: Path) -> None:
    """The run ends after an hour: what would be announced then is not on the page. A cap of one hour, two overlap."""
    write_run(tmp_path / "run")
    write_advisories(tmp_path / "run", [(0.0, 1, HOSTILE), (3000.0, 0, "Dunkelflaute & Co."), (9e6, 0, "never")])
    write_faults(
        tmp_path / "run",
        [
            (0.0, 1800.0, 4, 0, 0, 0, 0.5),
            (900.0, 3600.0, 4, 0, 0, 0, 0.2),
            (0.0, 9e9, 3, 1, 0, 2),
            (5.0, 6.0, 3, 1, 0, 1),
        ],
    )
    finish(tmp_path / "run")
    page = Page(write_report(tmp_path / "run").read_text(encoding="utf-8"))
    words = [w for w in page.words if w.strip()]
    at = words.index("What operators announced")
    assert words[at + 5 : at + 11] == [
        "2022-06-06 00:00", "us-1", HOSTILE, "2022-06-06 00:50", "eu-1", "Dunkelflaute & Co.",
    ]  # fmt: skip
    assert words[at + 15 : at + 23] == ["eu-1", "0", "2", "1.0", "us-1", "3", "0", "0.0"]
    assert "What broke" not in words
    assert "drawn by the seed" not in words
    assert "img" not in [tag for tag, _ in page.elements]


def test_the_page_says_what_was_drawn_and_what_the_text_of_jobs_is(tmp_path: Path) -> None:
    datacenters = [dict(dc) for dc in CONFIG["datacenters"]]
    for dc, kind in zip(datacenters, ("t4-node", "xeon-2019"), strict=True):
        dc["hosts"] = [dc["hosts"][0] | {"type": f"{kind}.{dc['name']}.0"}]
    write_run(tmp_path / "run", datacenters=datacenters)
    tasks = read_frame(tmp_path / "run/input/tasks.gsf")
    notes = {"notes": ["descriptions are synthetic (split test)"], "labels_synthetic": True, "source": "a trace"}
    write_frame(tmp_path / "run/input/tasks.gsf", "tasks", notes, tasks.tables)
    (tmp_path / "run/input/provenance.json").write_text(json.dumps({"hardware": {"swap_share": 0.3}}))
    finish(tmp_path / "run")
    words = Page(write_report(tmp_path / "run").read_text(encoding="utf-8")).words
    assert "descriptions are synthetic (split test)" in words
    assert "drawn by the seed" in words
    assert "around what is published of t4-node, xeon-2019; what was drawn is what operators declare" in words


def test_checks_that_cannot_be_made_say_why(page: Page) -> None:
    """The hand-made run ends with tasks that have not."""
    text = " ".join(page.words)
    assert "some tasks had not ended when the run did" in text


def test_the_page_says_what_its_times_and_queues_are(page: Page) -> None:
    text = " ".join(page.words)
    assert "(all times UTC)" in text and "wait there for cores or GPUs" in text


def test_missing_values_read_as_na(page: Page) -> None:
    text = " ".join(page.words)
    row = text[text.index("DE") :]
    assert row.count("n/a") >= 3  # wind, sun and renewables of the first datacenter
    assert page.data["series"]["intensity"][0] == [400.0, 400.0]


def test_series_by_hand(page: Page) -> None:
    series = page.data["series"]
    assert series["edges_h"] == [0.0, 0.5, 1.0]
    assert series["carbon_kgph"] == [[1.6, 1.6], [0.5, 0.5]]  # 800 g and 250 g in half an hour
    assert series["util"] == [[0.25, 0.25], [0.5, 0.5]]  # 4 and 8 of 16 cores
    assert series["queue"] == [[0.0, 0.0], [2.0, 2.0]]


def test_core_hours_and_flows_by_hand(page: Page) -> None:
    # finished: t0 60 s at eu; t1 60.5 s from eu at us; t5, t6 30 and 101 s from us at us; two cores each
    assert page.data["core_h"] == pytest.approx([2 * 60 / 3600, 2 * 191.5 / 3600], rel=5e-3)
    assert page.data["flows"] == [[0, 1, pytest.approx(2 * 60.5 / 3600, rel=5e-3)]]


def test_distributions_by_hand(page: Page) -> None:
    wait = dict(zip(page.data["wait"]["labels"], page.data["wait"]["own"], strict=True))
    assert wait["under 1 min"] == pytest.approx(5 / 6, abs=1e-3)
    assert wait["1-5 min"] == pytest.approx(1 / 6, abs=1e-3)
    late = page.data["late"]
    assert sum(late["own"][: late["first_bad"]]) == pytest.approx(0.5)  # t0 and t5 in time, t1 and t6 not
    assert sum(late["own"][late["first_bad"] :]) == pytest.approx(0.5)


def test_decisions_are_counted_by_kind(page: Page) -> None:
    kinds = {row["label"]: row for row in page.data["decisions"]["kinds"]}
    assert kinds["place, heuristic"]["count"] == 3
    assert kinds["place, fallback local (world's fallback)"] == {
        "label": "place, fallback local (world's fallback)", "count": 1, "bad": True,
    }  # fmt: skip
    assert kinds["place, heuristic: unsupported"]["bad"]


def test_the_weightiest_placements_are_told_term_by_term(tmp_path: Path) -> None:
    write_run(tmp_path)
    finish(tmp_path)
    path = tmp_path / "decisions.parquet"
    table = pq.read_table(path)
    words = [f"lowest objective 1{i} g (carbon 1e-05, sla {i}); next far +3 g (carbon +3)" for i in range(len(table))]
    words[0] += "; no room at near (cores)"
    table = table.set_column(table.column_names.index("reason"), "reason", pa.array(words))
    kwh = pa.array([float(i) for i in range(len(table))])
    table = table.set_column(table.column_names.index("predicted_kwh"), "predicted_kwh", kwh)
    pq.write_table(table, path)
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    told = [text for text in page.words if text.startswith("lowest objective")]
    fine = [i for i, code in enumerate(table["code"].to_pylist()) if code == "accepted"]
    assert told == [words[i] for i in reversed(fine)]
    labels = {row["label"] for row in page.data["decisions"]["reasons"]}
    assert labels == {"lowest objective # g; next far # g"}


def test_sources_are_labelled(page: Page) -> None:
    badges = [word.strip() for word in page.words]
    assert "synthetic" in badges and "measured" in badges and "labels synthetic" in badges


def test_it_says_how_to_make_it_again(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    metadata.begin(folder, scenario_file="my scenario.yml", overrides=["workload.jobs=5"], data=None)
    finish(folder)
    text = write_report(folder).read_text(encoding="utf-8")
    assert "greensched run &#39;my scenario.yml&#39; --set workload.jobs=5" in text


def test_a_run_without_slots_still_has_a_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "world" / "datacenters.gsf").write_bytes(b"")
    finish(folder)
    assert Page(write_report(folder).read_text(encoding="utf-8")).data["series"]["edges_h"] == [0.0]


def test_an_unfinished_folder_is_refused_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="greensched finish"):
        write_report(tmp_path)


def test_size(tmp_path: Path) -> None:
    make(tmp_path / "run")
    assert (tmp_path / "run" / "report.html").stat().st_size < 500_000
