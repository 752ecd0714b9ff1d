"""What ARCHITECTURE.md and CONTRIBUTING.md claim about the code, enforced: lint, types, layers, sizes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PYTHON = [ROOT / "python", ROOT / "bridge" / "python", ROOT / "tests", ROOT / "benchmarks"]
JAVA = [ROOT / "java" / "src" / "main", ROOT / "bridge" / "java" / "src" / "main"]
LONGEST_MODULE = 400  # lines; a file of tests may be longer
LONGEST_FUNCTION = 60  # lines, its docstring included


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy", "lint-imports"])
def test_checks_pass(command: str) -> None:
    tool, *arguments = command.split()
    path = Path(sys.executable).with_name(tool)
    if not path.exists():
        pytest.skip(f"{tool} is not installed beside {sys.executable}; ./greensched test installs it")
    if not (ROOT / "pyproject.toml").is_file():
        pytest.skip("no pyproject.toml: not a checkout")
    code = os.pathsep.join([str(ROOT / "python"), str(ROOT / "bridge" / "python")])
    done = subprocess.run(
        [path, *arguments], cwd=ROOT, env=os.environ | {"PYTHONPATH": code}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def _files(folders: list[Path], suffix: str) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob(f"*{suffix}") if "target" not in path.parts)


def test_no_module_is_too_long_to_read() -> None:
    files = [path for path in [*_files(PYTHON, ".py"), *_files(JAVA, ".java")] if "tests" not in path.parts]
    assert len(files) > 150
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for path in _files(PYTHON, ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines")
    assert long == []
