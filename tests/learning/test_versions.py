"""The store of versions: whole or not at all, one that serves, and a history that a kill cannot spoil."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from greensched.core.errors import ConfigError, DataError, UnknownNameError
from greensched.learning.versions import ModelStore, Version
from tests.conftest import cli_environment


def saving(text: str) -> object:
    def save(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "weights.bin").write_text(text)

    return save


def add(store: ModelStore, text: str, **about: object) -> Version:
    return store.add(saving(text), about)  # type: ignore[arg-type]


def test_versions_count_up_and_are_named_by_their_content(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "store")
    assert (store.versions(), store.serving(), store.history()) == ([], None, [])
    one, two, same = add(store, "a", seed=1), add(store, "b"), add(store, "a")
    assert [v.name for v in store.versions()] == [one.name, two.name, same.name]
    assert [v.number for v in store.versions()] == [1, 2, 3]
    assert one.name[5:] == same.name[5:] != two.name[5:]
    assert store.find("2").name == store.find("0002").name == store.find(two.name[5:9]).name == two.name
    assert store.find(one.name).about["seed"] == 1
    with pytest.raises(UnknownNameError, match="no version '9'"):
        store.find("9")
    with pytest.raises(UnknownNameError):  # two have this content
        store.find(one.name[5:])


def test_a_save_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)

    def half(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        store.add(half, {})
    with pytest.raises(DataError, match="saved no file"):
        store.add(lambda folder: None, {})
    assert list((tmp_path / "versions").iterdir()) == []
    assert store.versions() == []


def test_promotion_rollback_and_history(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    one, two, three = (add(store, text) for text in "abc")
    with pytest.raises(ConfigError, match="no version has served before"):
        store.rollback("bad day")
    store.promote("1", "the first")
    store.refuse(two.name, "no better", t_s=5.0)
    store.promote("3", "better")
    assert store.serving() == three
    assert store.rollback("worse after all").name == one.name
    store.promote("2", "a try")
    assert store.rollback("no").name == one.name  # not version 3, from which it was rolled back
    with pytest.raises(ConfigError, match="no version has served before"):
        store.rollback("once more")
    assert store.rollback("by name", to="3").name == three.name
    assert [(line["event"], line["version"][:4], (line.get("from") or "")[:4]) for line in store.history()] == [
        ("promoted", "0001", ""), ("refused", "0002", ""), ("promoted", "0003", "0001"),
        ("rolled back", "0001", "0003"), ("promoted", "0002", "0001"), ("rolled back", "0001", "0002"),
        ("rolled back", "0003", "0001"),
    ]  # fmt: skip
    assert store.history()[1]["t_s"] == 5.0


def test_damage_is_found_before_a_version_serves(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    add(store, "a")
    two = add(store, "b")
    store.promote("1", "good")
    (two.folder / "deep" / "weights.bin").write_text("B")
    with pytest.raises(DataError, match=r"weights\.bin: differs from what version.json says"):
        store.promote("2", "damaged")
    assert store.serving() == store.find("1")
    (tmp_path / "serving.json").write_text('{"version": "0007-0123456789"}')
    with pytest.raises(DataError, match="points to a version that is not there"):
        store.serving()


def test_a_kill_between_pointer_and_history_is_made_good(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    add(store, "a"), add(store, "b")
    store.promote("1", "first")
    store.promote("2", "second")
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    (tmp_path / "history.jsonl").write_text(lines[0] + "\n" + lines[1][:20])  # torn
    assert [line["version"][:4] for line in store.history()] == ["0001", "0002"]
    store.refuse("0002-x", "later")
    assert [line["event"] for line in store.history()] == ["promoted", "promoted", "refused"]
    assert [json.loads(line)["reason"] for line in lines] == ["first", "second"]


def test_a_killed_writer_leaves_a_usable_store(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    add(store, "a")
    store.promote("1", "good")
    code = (
        "import time\nfrom pathlib import Path\nfrom greensched.learning.versions import ModelStore\n"
        "def save(folder):\n    (folder / 'half').write_text('x' * 100000)\n    print('now', flush=True)\n"
        "    time.sleep(60)\n"
        f"ModelStore(Path({str(tmp_path)!r})).add(save, {{}})\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], env=cli_environment(), stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"now\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert len(list((tmp_path / "versions").iterdir())) == 2, "the half is there"
    assert [v.number for v in store.versions()] == [1]
    assert store.serving() == store.find("1")
    assert add(store, "b").number == 2
    assert sorted(p.name[:4] for p in (tmp_path / "versions").iterdir()) == ["0001", "0002"]


def test_writers_take_turns(tmp_path: Path) -> None:
    """Ten threads with stores of their own: no number twice, and the pointer is always readable."""
    stop, seen = threading.Event(), set[str]()

    def read() -> None:
        while not stop.is_set():
            serving = ModelStore(tmp_path).serving()
            seen.add("" if serving is None else serving.name)
            time.sleep(0.001)

    def write(k: int) -> None:
        mine = ModelStore(tmp_path)
        mine.promote(add(mine, f"content {k}").name, f"by {k}")

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=write, args=(k,)) for k in range(10)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    reader.join()
    store = ModelStore(tmp_path)
    assert [v.number for v in store.versions()] == list(range(1, 11))
    assert len(store.history()) == 10
    assert seen <= {"", *(v.name for v in store.versions())}
    assert not [p for p in os.listdir(tmp_path) if p.startswith(".serving")]
