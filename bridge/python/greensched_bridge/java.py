"""Finds the Java runtime and the world's program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

from greensched.core.errors import RunError

JAVA_AT_LEAST = 17
_BUILD = "mvn -q -B -DskipTests package"


class JavaMissingError(RunError):
    """No Java 17 or newer, or no jar."""

    exit_code = 3


def find_java() -> str:
    """The ``java`` of ``JAVA_HOME``, else of ``PATH``.

    Raises:
        JavaMissingError: none there, or too old.
    """
    home = os.environ.get("JAVA_HOME")
    candidate = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    install = "install a JDK 17 (Debian: apt-get install openjdk-17-jdk-headless) or set JAVA_HOME"
    if home:
        install = f"JAVA_HOME is {home}: point it to a JDK 17 or newer, or unset it"
    if candidate is None:
        raise JavaMissingError(f"no java on PATH and JAVA_HOME is not set; {install}")
    version = java_version(candidate)
    if version is None:
        raise JavaMissingError(f"{candidate} does not run; {install}")
    if version < JAVA_AT_LEAST:
        raise JavaMissingError(f"{candidate} is Java {version}, GreenSched needs {JAVA_AT_LEAST} or newer; {install}")
    return candidate


def java_version(java: str) -> int | None:
    """Major version of a ``java`` program (8 for "1.8"); None if it does not run.

    Read from the file ``release`` of its JDK where there is one: asking the program takes as long as starting it.
    """
    try:
        release = (Path(java).resolve().parent.parent / "release").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        release = ""
    if found := re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release, re.MULTILINE):
        return int(found.group(1))
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found.group(1)) if found and done.returncode == 0 else None


def find_jar() -> Path:
    """The world's jar: ``GREENSCHED_JAR``, else the one in the package, else the one built in the checkout.

    Raises:
        JavaMissingError: none of them exists; lists what was tried and how to build it.
    """
    named = os.environ.get("GREENSCHED_JAR")
    packaged = Path(str(resources.files("greensched"))) / "_jars" / "greensched.jar"
    root = Path(__file__).resolve().parents[3]
    built = root / "bridge" / "java" / "target" / "greensched.jar"
    candidates = [Path(named)] if named else [packaged, built]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    tried = "\n  ".join(map(str, candidates))
    prefix = "GREENSCHED_JAR names no file" if named else "the world's program (greensched.jar) was not found"
    raise JavaMissingError(f"{prefix}. Tried:\n  {tried}\nBuild it in the checkout: {_BUILD}")
