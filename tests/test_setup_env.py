"""tools/setup_env.py and tools/lab.py step by step, without a network and without installing."""

import ast
import sys
from pathlib import Path

import lab as lab_tool
import pytest
import setup_env

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with two small locks, where nothing is installed but everything is noted down."""
    names = ("requirements.lock", "requirements-grade.lock", "requirements-test.lock")
    locks = {kind: tmp_path / name for kind, name in zip(setup_env.LOCKS, names, strict=True)}
    for lock in locks.values():
        lock.write_text("pip==1.0 \\\n    --hash=sha256:00\nnumpy==2.0 \\\n    --hash=sha256:11\n")
    monkeypatch.setattr(setup_env, "ROOT", tmp_path)
    monkeypatch.setattr(setup_env, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup_env, "LOCKS", locks)

    class Project:
        venv = tmp_path / ".venv"
        commands: list[list[str]] = []
        fail_at = None

        def set_up(self, wanted):
            """Set up and return what was run, as one word a command."""
            self.commands = []
            setup_env.set_up(wanted)
            return self.words()

        def interrupt(self, *_):
            raise KeyboardInterrupt

        def words(self):
            names = ("venv", "install", "-c")
            return [next(name for name in names if name in command) for command in self.commands]

    project = Project()

    def run(command, on_line=None):
        project.commands.append([str(word) for word in command])
        if project.fail_at is not None and len(project.commands) > project.fail_at:
            raise KeyboardInterrupt
        if "venv" in project.commands[-1]:
            setup_env.venv_python().parent.mkdir(parents=True)
            setup_env.venv_python().touch()
        return ""

    monkeypatch.setattr(setup_env, "run", run)
    return project


WHOLE = ["venv", "install", "install", "-c", "-c"]  # pip first, then the rest


def test_the_second_set_up_does_nothing(project):
    assert project.set_up("lab") == WHOLE
    assert project.set_up("lab") == []


def test_the_tests_are_added_to_what_a_learner_has(project):
    project.set_up("lab")
    assert project.set_up("test") == ["install", "-c", "-c"]
    assert str(setup_env.LOCKS["test"]) in project.commands[0]
    assert project.set_up("test") == []
    assert project.set_up("grade") == []  # the tests' environment has everything
    assert project.set_up("lab") == []


def test_an_instructor_gets_more_than_a_learner_and_less_than_the_tests(project):
    project.set_up("lab")
    assert project.set_up("grade") == ["install", "-c", "-c"]
    assert str(setup_env.LOCKS["grade"]) in project.commands[0]
    assert project.set_up("lab") == []
    assert project.set_up("test") == ["install", "-c", "-c"]


@pytest.mark.parametrize("fail_at", range(len(WHOLE)))
def test_an_interrupted_set_up_is_done_again(project, fail_at):
    project.fail_at = fail_at
    with pytest.raises(KeyboardInterrupt):
        project.set_up("lab")
    (project.venv / "half of something").touch()
    project.fail_at = None
    assert project.set_up("lab") == WHOLE
    assert not (project.venv / "half of something").exists()


def test_an_interrupted_addition_is_done_again(project):
    project.set_up("lab")
    project.fail_at = 0
    with pytest.raises(KeyboardInterrupt):
        project.set_up("test")
    project.fail_at = None
    assert project.set_up("test") == WHOLE


def test_changed_pins_and_a_vanished_python_make_it_anew(project):
    project.set_up("lab")
    setup_env.LOCKS["lab"].write_text("pip==1.1\nnumpy==2.1\n")
    assert project.set_up("lab") == WHOLE
    setup_env.venv_python().unlink()  # the system's Python was replaced by a newer one
    assert project.set_up("lab") == WHOLE
    (project.venv / "course-setup.json").write_text('{"holds": "la')  # cut off
    assert project.set_up("lab") == WHOLE


def test_an_interrupted_removal_is_taken_up_again(project, monkeypatch):
    project.set_up("lab")
    setup_env.LOCKS["lab"].write_text("pip==1.1\nnumpy==2.1\n")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(setup_env.shutil, "rmtree", project.interrupt)
        project.set_up("lab")
    assert project.set_up("lab") == WHOLE


def test_an_empty_folder_is_as_good_as_none(project):
    project.venv.mkdir()
    assert project.set_up("lab") == WHOLE


def test_an_environment_of_someone_else_is_left_alone(project):
    project.venv.mkdir()
    (project.venv / "theirs").touch()
    with pytest.raises(setup_env.SetupError, match="this script did not make it"):
        project.set_up("lab")
    assert (project.venv / "theirs").exists()


def test_pins_are_enforced(project):
    project.set_up("lab")
    for command in project.commands[1:3]:
        assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(command)


def without(monkeypatch, missing: str) -> None:
    find = setup_env.importlib.util.find_spec
    monkeypatch.setattr(
        setup_env.importlib.util, "find_spec", lambda name: None if name == missing else find(name)
    )


def test_without_ensurepip_the_pip_outside_installs(project, monkeypatch):
    without(monkeypatch, "ensurepip")
    monkeypatch.setattr(setup_env.subprocess, "getoutput", lambda _: "pip 23.0.1 from (3.11)")
    assert project.set_up("lab") == WHOLE
    assert "--without-pip" in project.commands[0]
    assert project.commands[1][:4] == [sys.executable, "-m", "pip", "--python"]
    assert project.commands[2][0] == str(setup_env.venv_python())


@pytest.mark.parametrize("answer", ["No module named pip", "pip 20.3.4 from (python 3.11)"])
def test_without_any_usable_pip_it_says_what_to_install(project, monkeypatch, answer):
    without(monkeypatch, "ensurepip")
    monkeypatch.setattr(setup_env.subprocess, "getoutput", lambda _: answer)
    with pytest.raises(setup_env.SetupError, match="apt install python3-venv"):
        project.set_up("lab")


def test_without_venv_it_says_what_to_install(project, monkeypatch):
    without(monkeypatch, "venv")
    with pytest.raises(setup_env.SetupError, match="apt install python3-venv"):
        project.set_up("lab")


def test_an_old_python_is_told_so(monkeypatch):
    source = (ROOT / "tools" / "setup_env.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))  # an old Python can read it
    monkeypatch.setattr(setup_env.sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(setup_env.SetupError, match=r"this is Python 3\.9, .* 3\.11 or later"):
        setup_env.check_python()


def test_a_failing_command_shows_its_last_words():
    code = "print('a wheel is broken'); raise SystemExit(1)"
    with pytest.raises(setup_env.SetupError, match="a wheel is broken"):
        setup_env.run([sys.executable, "-c", code])
    code = "print('Retrying: NewConnectionError()'); raise SystemExit(1)"
    with pytest.raises(setup_env.SetupError, match="No package index could be reached"):
        setup_env.run([sys.executable, "-c", code])


def test_the_users_settings_do_not_lead_pip_astray(monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")  # a class room's own index
    names = ("PIP_TARGET", "PYTHONPATH", "PIP_INDEX_URL")
    code = f"import os; print([os.environ.get(name) for name in {names}])"
    assert setup_env.run([sys.executable, "-c", code]).strip() == "[None, None, 'kept']"


def test_lab_suits_the_machine():
    def arguments(*given, environ=(), platform="linux", is_root=False):
        return lab_tool.lab_arguments(list(given), dict(environ), platform, is_root)

    assert "--no-browser" in arguments()
    assert "--no-browser" not in arguments(environ={"DISPLAY": ":0"})
    assert "--no-browser" not in arguments(environ={"WAYLAND_DISPLAY": "wayland-0"})
    assert "--no-browser" not in arguments(platform="darwin")
    assert "--allow-root" in arguments(is_root=True)
    assert "--allow-root" not in arguments()
    assert f"--ServerApp.root_dir={ROOT / 'notebooks'}" in arguments()
    mine = arguments("--ServerApp.root_dir=/class")
    assert [a for a in mine if "root_dir" in a] == ["--ServerApp.root_dir=/class"]
