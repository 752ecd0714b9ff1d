"""Build hook: puts the world (one jar, built by Maven) and the demonstration scenarios into the wheel and the sdist.

The jar is built beforehand (``./greensched setup`` or ``mvn -q -B -DskipTests package``): a Python build that quietly
started Maven would need the network, a JDK and minutes. ``GREENSCHED_SKIP_JAVA=1`` builds without it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT_JAR = Path("bridge/java/target/greensched.jar")
PACKAGED_JAR = "greensched/_jars/greensched.jar"
SCENARIOS = Path("scenarios")
HELP = """\
GreenSched's wheel carries the Java world, and it has not been built yet: {expected} is missing.
  build it:        ./greensched setup        (or: mvn -q -B -DskipTests package)
  or do without:   GREENSCHED_SKIP_JAVA=1    (then set GREENSCHED_JAR to a jar when you run)"""


class JarHook(BuildHookInterface[Any]):
    """Adds the jar to what hatchling packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs; ``version`` is ``editable`` for ``pip install -e``."""
        root = Path(self.root)
        sdist = self.target_name == "sdist"
        if version == "editable":
            return
        scenarios = (
            {}
            if sdist
            else {str(path): f"greensched/_scenarios/{path.name}" for path in sorted((root / SCENARIOS).glob("*.yml"))}
        )
        build_data["force_include"].update(scenarios)
        jar = root / BUILT_JAR
        if jar.is_file():
            build_data["force_include"][str(jar)] = str(BUILT_JAR) if sdist else PACKAGED_JAR
        elif os.environ.get("GREENSCHED_SKIP_JAVA") != "1":
            raise RuntimeError(HELP.format(expected=jar))
