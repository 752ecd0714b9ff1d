"""./greensched: sets up once, is quick the second time, bears two starts at once, names what only a person can fix."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

BASIC_TOOLS = (
    "bash", "env", "readlink", "dirname", "cat", "cut", "sha256sum", "mkdir", "rm", "mv", "find", "sort", "xargs", "id",
    "sed", "head", "tail", "grep",
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
    """A PATH that holds the basic tools, ``extra``, and neither apt nor Java nor Python nor flock."""
    folder.mkdir()
    for name in (*BASIC_TOOLS, *extra):
        # the interpreter itself: a version manager's shim would need the tools that this PATH leaves out
        found = os.path.realpath(sys.executable) if name == "python3" else shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


# a Python that takes no time: it makes a "venv" of itself, installs nothing and repeats what greensched is told
FAKE_PYTHON = """case "$*" in
  *"import venv, ensurepip"*) exit ${{FAKE_NO_VENV:-0}} ;;
  "-m venv "*) mkdir -p "$3/bin" && {cp} "$0" "$3/bin/python" ;;
  "-m pip "*) {sleep} 0.5; exit ${{FAKE_PIP:-0}} ;;
  "-m greensched"*) echo "$@" ;;
  *) exec {python} "$@" ;;
esac
"""


def fake(path: str, name: str, script: str) -> None:
    """A shell script ``name`` on ``path``."""
    program = Path(path) / name
    program.unlink(missing_ok=True)
    program.write_text(f"#!{shutil.which('bash')}\n{script}")
    program.chmod(0o755)


def fake_python(path: str) -> None:
    real = os.path.realpath(sys.executable)
    fake(path, "python3", FAKE_PYTHON.format(cp=shutil.which("cp"), sleep=shutil.which("sleep"), python=f"'{real}'"))


def launch(
    checkout: Path, *arguments: str, cache: Path, path: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GREENSCHED_", "PYTHON", "JAVA_HOME"))}
    environment = clean | {"GREENSCHED_CACHE": str(cache), "XDG_CACHE_HOME": str(cache / "xdg")}
    if path is not None:
        environment["PATH"] = path
    environment |= more
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
    [((), "missing here: maven openjdk-17-jdk-headless"), (("java", "javac"), "missing here: maven")],
)
def test_missing_java_or_maven_is_named_before_anything_is_downloaded(
    root: Path, tmp_path: Path, present: tuple[str, ...], missing: str
) -> None:
    path = tool_path(tmp_path / "bin", "python3", *present)
    done = launch(small_checkout(root, tmp_path / "c"), "demo", cache=tmp_path / "cache", path=path)
    assert done.returncode == 3
    assert f"{missing}\n" in done.stderr
    assert "sudo apt-get update && sudo apt-get install" in done.stderr
    assert not list((tmp_path / "cache").glob("venv-*/bin"))


@pytest.mark.parametrize(
    ("known", "jdk"),
    [
        ("", "openjdk-17-jdk-headless"),
        ("openjdk-17 default", "openjdk-17-jdk-headless"),
        ("default", "default-jdk-headless"),
    ],
)
def test_everything_missing_is_named_at_once(root: Path, tmp_path: Path, known: str, jdk: str) -> None:
    """Also where the package lists are empty, as in a fresh container, and where there is no Java 17 (Debian 13)."""
    path = tool_path(tmp_path / "bin")
    fake_python(path)
    fake(path, "apt-get", "exit 9")
    fake(path, "id", "echo 1000")
    fake(path, "apt-cache", f'for known in {known}; do [ "$2" != "$known-jdk-headless" ] || exit 0; done; exit 1')
    done = launch(small_checkout(root, tmp_path / "c"), "demo", cache=tmp_path / "cache", path=path, FAKE_NO_VENV="1")
    assert done.returncode == 3
    venv = "python{}.{}-venv".format(*sys.version_info)
    assert f"sudo apt-get update && sudo apt-get install maven {venv} {jdk}\n" in done.stderr


def test_root_has_everything_missing_installed_in_one_go(root: Path, tmp_path: Path) -> None:
    """Though a source of packages is broken; a failure shows what apt said."""
    path = tool_path(tmp_path / "bin")
    fake_python(path)
    fake(path, "id", "echo 0")
    fake(path, "apt-get", 'echo "apt-get $*"; exit 100')
    checkout, cache = small_checkout(root, tmp_path / "c"), tmp_path / "cache"
    done = launch(checkout, "demo", cache=cache, path=path, FAKE_NO_VENV="1")
    assert done.returncode == 3
    packages = "maven python{}.{}-venv openjdk-17-jdk-headless".format(*sys.version_info)
    said = (cache / "apt.log").read_text().splitlines()
    assert said[0] == "apt-get update -qq"
    assert len(said) == 2 and " install " in said[1] and said[1].endswith(packages)
    assert said[1] in done.stderr and f"apt-get install {packages} failed" in done.stderr

    fake(path, "apt-get", f"[ $1 = update ] || {shutil.which('ln')} -s {shutil.which('java')} {path}/java")
    done = launch(checkout, "demo", cache=cache, path=path, FAKE_PIP="1")
    assert "installing maven openjdk-17-jdk-headless with apt" in done.stderr
    assert "creating a virtual environment" in done.stderr


def test_a_wrong_java_home_is_named_and_nothing_installed(root: Path, tmp_path: Path) -> None:
    path = tool_path(tmp_path / "bin", "python3", "java", "javac")
    fake(path, "id", "echo 0")
    fake(path, "apt-get", "echo installing >&2")
    checkout, cache = small_checkout(root, tmp_path / "c"), tmp_path / "cache"
    done = launch(checkout, "demo", cache=cache, path=path, JAVA_HOME="/no/jdk")
    assert done.returncode == 3
    assert "JAVA_HOME is /no/jdk, where there is no JDK 17 or newer" in done.stderr and "unset it" in done.stderr
    assert "installing" not in done.stderr


@pytest.mark.parametrize(
    ("present", "missing"),
    [((), "missing here: maven openjdk-17-jdk-headless"), (("javac",), "missing here: maven")],
)
def test_a_jre_is_no_jdk_and_hides_none(root: Path, tmp_path: Path, present: tuple[str, ...], missing: str) -> None:
    path = tool_path(tmp_path / "bin", "python3", *present)
    fake(path, "java", 'echo \'openjdk version "21"\' >&2; [ "$1" = -version ]')
    done = launch(small_checkout(root, tmp_path / "c"), "demo", cache=tmp_path / "cache", path=path)
    assert done.returncode == 3
    assert f"{missing}\n" in done.stderr


def test_a_set_up_that_failed_is_begun_anew(root: Path, tmp_path: Path) -> None:
    """On a full disk a venv is left whose pip can be imported and does not run."""
    path = tool_path(tmp_path / "bin")
    fake_python(path)
    checkout, cache = small_checkout(root, tmp_path / "c"), tmp_path / "cache"
    for _ in range(2):
        done = launch(checkout, "doctor", cache=cache, path=path, FAKE_PIP="1")
        assert done.returncode == 1
        assert "creating a virtual environment" in done.stderr
        assert "about 400 MB are needed" in done.stderr
    done = launch(checkout, "doctor", cache=cache, path=path)
    assert (done.returncode, done.stdout) == (0, "-m greensched doctor\n")
    assert launch(checkout, "doctor", cache=cache, path=path).stderr == ""


def test_folders_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    path = tool_path(tmp_path / "bin", "java", "javac")
    fake_python(path)
    fake(path, "mvn", "")
    checkout, cache, file = small_checkout(root, tmp_path / "c"), tmp_path / "cache", tmp_path / "file"
    file.write_text("")
    done = launch(checkout, "doctor", cache=file / "cache", path=path)
    assert done.returncode == 1
    assert f"greensched: cannot write to {file}/cache.\n" in done.stderr and "GREENSCHED_CACHE=" in done.stderr
    assert "mkdir" not in done.stderr
    # only the Java-first launcher looks under XDG_CACHE_HOME when GREENSCHED_CACHE is set
    done = launch(checkout, "doctor", cache=cache, path=path, XDG_CACHE_HOME=str(file))
    assert (done.returncode, done.stdout) == (0, "-m greensched doctor\n"), done.stderr
    (checkout / "java" / "target").symlink_to("/proc/1")  # where not even root may write
    done = launch(checkout, "demo", cache=cache, path=path)
    assert done.returncode == 1
    assert f"Maven builds in {checkout}/java/target" in done.stderr and "setup" in done.stderr


def test_spaces_links_relative_folders_and_no_home(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    path = tool_path(folder / "bin")
    fake_python(path)
    checkout = small_checkout(root, folder / "my checkout")
    (folder / "link").symlink_to("my checkout/greensched")
    environment = {"PATH": path, "GREENSCHED_CACHE": "ca che", "GREENSCHED_BASE_PYTHON": f"{path}/python3"}
    environment["XDG_CACHE_HOME"] = str(folder / "xdg")  # without HOME the launcher knows the developer's all the same
    for start in ([str(checkout / "greensched")], ["../link"], ["bash", "../my checkout/greensched"]):
        working = folder / "elsewhere"
        working.mkdir(exist_ok=True)
        command = [*start, "doctor", "x y"]
        done = subprocess.run(command, cwd=working, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "-m greensched doctor x y\n"), done.stderr
        assert list(working.iterdir()) == [working / "ca che"]
        if start[0] == "../link":
            assert done.stderr == ""  # the same set-up, whatever the way to the launcher
    del environment["GREENSCHED_CACHE"]
    command = [str(checkout / "greensched"), "python", "-c", "import os; print(os.environ['HOME'])"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{pwd.getpwuid(os.getuid()).pw_dir}\n"), done.stderr


def test_two_starts_without_flock(root: Path, tmp_path: Path) -> None:
    path = tool_path(tmp_path / "bin")
    fake_python(path)
    checkout, cache = small_checkout(root, tmp_path / "c"), tmp_path / "cache"
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda _: launch(checkout, "doctor", cache=cache, path=path), range(2)))
    assert [done.stdout for done in both] == ["-m greensched doctor\n"] * 2, both
    said = "".join(done.stderr for done in both)
    assert said.count("installing the Python packages") == 1
    assert said.count("another ./greensched is setting up") == 1


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
