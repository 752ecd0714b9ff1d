"""The wheel works outside the checkout: built, installed into a fresh environment elsewhere, and used there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

SOURCES = (
    "python",
    "bridge/python",
    "scenarios",
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
)
JAR = Path("bridge/java/target/greensched.jar")


def build(source: Path, out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(out), str(source)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def copy_sources(root: Path, target: Path) -> Path:
    for name in SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "_jars"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    return target


@pytest.mark.slow
@pytest.mark.java
def test_a_scenario_runs_from_the_wheel_alone(root: Path, world_jar: Path, tmp_path: Path) -> None:
    source = copy_sources(root, tmp_path / "source")
    (source / JAR).parent.mkdir(parents=True)
    shutil.copy(world_jar, source / JAR)
    built = build(source, tmp_path / "dist")
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    shutil.rmtree(source)

    home = tmp_path / "elsewhere"
    venv.create(home / "venv", with_pip=True)
    pip = [str(home / "venv" / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", str(wheel)], check=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GREENSCHED_", "PYTHON"))}
    (home / "own.yml").write_text((root / "scenarios" / "minimal.yml").read_text())

    def greensched(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(home / "venv" / "bin" / "greensched"), *arguments]
        return subprocess.run(command, cwd=home, env=clean, capture_output=True, text=True, check=False, timeout=240)

    doctor = greensched("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert f"{home}/venv" in doctor.stdout and "_jars/greensched.jar" in doctor.stdout
    done = greensched("run", "own.yml", "--set", "workload.jobs=100", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["status"] == "completed" and summary["jobs_finished"] == 100
    assert (home / summary["report"]).is_file()
    demo = greensched("demo", "--set", "workload.jobs=50", "--set", "horizon=1d", "--json")
    assert demo.returncode == 0, demo.stderr


def test_the_wheel_holds_what_it_must_and_no_more(root: Path, tmp_path: Path) -> None:
    source = copy_sources(root, tmp_path / "source")
    built = build(source, tmp_path / "dist", GREENSCHED_SKIP_JAVA="1")
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0].rsplit("-", 1)[0] for name in names}
    assert tops == {"greensched", "greensched_bridge", "greensched-0.1.0.dist"} | {n for n in tops if "info" in n}
    wanted = ("py.typed", "report/assets/land.json", "report/assets/page.html.j2", "_scenarios/demo.yml")
    assert {f"greensched/{name}" for name in wanted} <= set(names)
    assert "greensched/_jars/greensched.jar" not in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_without_a_jar_the_build_says_how_to_make_it(root: Path, tmp_path: Path) -> None:
    source = copy_sources(root, tmp_path / "source")
    built = build(source, tmp_path / "dist", GREENSCHED_SKIP_JAVA="0")
    assert built.returncode != 0
    message = built.stdout + built.stderr
    assert "./greensched setup" in message and "GREENSCHED_SKIP_JAVA=1" in message
