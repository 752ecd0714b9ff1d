"""./greensched: sets up once, is quick the second time, bears two starts at once, names what only a person can fix."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BASIC_TOOLS = (
    "bash", "env", "readlink", "dirname", "cat", "cut", "sha256sum", "mkdir", "rm", "mv", "find", "sort", "xargs", "id",
    "sed", "head", "tail", "grep", "flock",
)  # fmt: skip


def small_checkout(root: Path, target: Path) -> Path:
    """The launcher with what it looks at, and no jar."""
    for name in ("java/src/main", "bridge/java/src/main"):
        (target / name).mkdir(parents=True)
        (target / name / "A.java").write_text("class A {}")
    for name in ("greensched", "pyproject.toml", "hatch_build.py", "pom.xml", "java/pom.xml", "bridge/java/pom.xml"):
        shutil.copy(root / name, target / name)
    return target


def tool_path(folder: Path, *extra: str) -> str:
    """A PATH that holds the basic tools, ``extra``, and neither apt nor Java nor Python."""
    folder.mkdir()
    for name in (*BASIC_TOOLS, *extra):
        # the interpreter itself: a version manager's shim would need the tools that this PATH leaves out
        found = os.path.realpath(sys.executable) if name == "python3" else shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


def launch(checkout: Path, *arguments: str, cache: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GREENSCHED_", "PYTHON", "JAVA_HOME"))}
    environment = clean | {"GREENSCHED_CACHE": str(cache), "XDG_CACHE_HOME": str(cache / "xdg")}
    if path is not None:
        environment["PATH"] = path
    command = [str(checkout / "greensched"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=280)


def test_no_python_is_named(root: Path, tmp_path: Path) -> None:
    done = launch(
        small_checkout(root, tmp_path / "c"), "demo", cache=tmp_path / "cache", path=tool_path(tmp_path / "bin")
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr and "GREENSCHED_BASE_PYTHON=" in done.stderr


@pytest.mark.parametrize(
    ("present", "missing"),
    [((), "missing here: openjdk-17-jdk-headless maven"), (("java", "javac"), "missing here: maven")],
)
def test_missing_java_or_maven_is_named_before_anything_is_downloaded(
    root: Path, tmp_path: Path, present: tuple[str, ...], missing: str
) -> None:
    path = tool_path(tmp_path / "bin", "python3", *present)
    done = launch(small_checkout(root, tmp_path / "c"), "demo", cache=tmp_path / "cache", path=path)
    assert done.returncode == 3
    assert missing in done.stderr
    assert "sudo apt-get install" in done.stderr
    assert not list((tmp_path / "cache").glob("venv-*/bin"))


@pytest.mark.slow
def test_set_up_once_even_when_two_start(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GREENSCHED_", "PYTHON"))}
    environment = clean | {"GREENSCHED_CACHE": str(cache), "XDG_CACHE_HOME": str(cache / "xdg")}
    command = [str(root / "greensched"), "--version"]
    started = time.monotonic()
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=280) for process in both]
    assert time.monotonic() - started < 150
    assert [process.returncode for process in both] == [0, 0], outputs
    assert [out for out, _ in outputs] == ["greensched 0.1.0\n"] * 2
    assert sum(err.count("installing the Python packages") for _, err in outputs) == 1
    pointer = (cache / "xdg" / "greensched" / "python").read_text().strip()
    assert Path(pointer).is_file() and Path(pointer).is_relative_to(cache)

    started = time.monotonic()
    again = launch(root, "--version", cache=cache)
    assert again.returncode == 0 and again.stderr == ""
    assert time.monotonic() - started < 2
    assert not list(root.glob("*.egg-info"))  # nothing is left in the checkout


def test_python_and_the_arguments_of_pytest_pass_through(root: Path) -> None:
    """Neither needs Maven: the tests that somebody picks are started at once."""
    launcher = (root / "greensched").read_text(encoding="utf-8")
    assert "mvn" not in launcher[launcher.index("somebody looks for") : launcher.index('say "Java: mvn -B verify"')]
    done = subprocess.run(
        [root / "greensched", "python", "-c", "import greensched, sys; print(sys.argv[1:])", "a b"],
        capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "['a b']\n"), done.stderr


def test_help_lists_what_only_a_clone_can_do(root: Path) -> None:
    done = subprocess.run([root / "greensched", "--help"], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert {"run", "setup", "test", "check", "python"} <= listed


def test_an_interrupted_set_up_says_so(root: Path, tmp_path: Path) -> None:
    checkout = small_checkout(root, tmp_path / "c")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GREENSCHED_", "PYTHON"))}
    environment |= {"GREENSCHED_CACHE": str(tmp_path / "cache"), "XDG_CACHE_HOME": str(tmp_path / "xdg")}
    command = [str(checkout / "greensched"), "doctor"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stderr is not None
        assert "creating a virtual environment" in child.stderr.readline()
        os.killpg(child.pid, signal.SIGINT)  # as Ctrl-C: the whole foreground group
        said = child.stderr.read()
    assert child.returncode == 130
    assert said.rstrip().endswith("greensched: interrupted")
