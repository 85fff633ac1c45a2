"""The tutorials, run as they stand; what no test can run is read and must fit the files that it speaks of."""

import re
import shlex
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from mtl.cli.app import app
from tests.demo.server import free_port
from tests.tiers import slow_except
from tests.tutorials import FOLDER, ROOT, Block, Reader, blocks_of, says

PAGES = sorted(FOLDER.glob("*.md"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EXPOSED = re.search(r"^EXPOSE (\d+)$", DOCKERFILE, re.M)[1]


def _calls(block: Block) -> list[list[str]]:
    lines = block.text.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines]


def _parses(arguments: list[str]) -> dict[str, object]:
    """What a call of `python -m mtl` is given, as its own command line reads it."""
    command = get_command(app).commands[arguments[0]]
    return command.make_context(arguments[0], list(arguments[1:])).params


def _options(call: list[str]) -> dict[str, str]:
    return {name: value for name, value in zip(call, [*call[1:], ""], strict=True) if name.startswith("--")}


def _hub(block: Block) -> None:
    for call in _calls(block):
        if call[:3] == ["python", "-m", "mtl"]:
            assert _parses(call[3:])["repository"].count("/") == 1
        else:
            assert call[0] == "hf" and _is_hf(call[1:])


def _is_hf(arguments: list[str]) -> bool:
    from huggingface_hub.cli.hf import app as hf

    group, rest = hf, arguments
    while hasattr(group, "get_command"):
        group = group.get_command(group.context_class(group), rest[0])
        group = getattr(group, "materialize", lambda found=group: found)()  # what it loads when it is needed
        assert group, arguments
        rest = rest[1:]
    return bool(group.make_context("hf", list(rest)))


def _space(block: Block) -> None:
    if block.language == "bash":
        assert all(_is_hf(call[1:]) for call in _calls(block))
        return
    own, shown = (yaml.safe_load(text) for text in ((ROOT / "README.md").read_text().split("---\n")[1], block.text))
    assert set(shown) <= set(own) and shown["sdk_version"] == own["sdk_version"] == version("gradio")
    same = ("sdk", "python_version", "license", "suggested_hardware")
    assert {key: shown[key] for key in same} == {key: own[key] for key in same}
    assert shown["app_file"] in {other.file for other in blocks_of(FOLDER / "deploy.md")}


def _docker(block: Block) -> None:
    for call in _calls(block):
        if call[1] == "build":
            assert (_options(call)["--tag"], call[-1]) == ("polyhead", ".")
            continue
        before, image = call[: call.index("polyhead")], call[call.index("polyhead") + 1 :]
        options = _options(before)
        assert options["--publish"].partition(":")[2] == EXPOSED
        if image:
            params = _parses(["serve", *image])
            assert (params["host"], str(params["port"])) == ("0.0.0.0", EXPOSED)
            assert options["--volume"].split(":")[1:] == [params["checkpoint"], "ro"]


def _kubernetes(block: Block) -> None:
    (manifest,) = (other for other in blocks_of(FOLDER / "deploy.md") if other.file == "polyhead.yaml")
    assert manifest.file in block.text
    deployment, service = yaml.safe_load_all(manifest.text)
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    params = _parses(["serve", *container["args"]])
    ports = {port["containerPort"] for port in container["ports"]} | {
        container[f"{probe}Probe"]["httpGet"]["port"] for probe in ("startup", "readiness", "liveness")
    }
    assert ports == {params["port"]} == {service["spec"]["ports"][0]["targetPort"]} == {int(EXPOSED)}
    assert params["host"] == "0.0.0.0" and "/healthz" in str(container["livenessProbe"])
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
    assert f"--uid {pod['spec']['securityContext']['runAsUser']} " in DOCKERFILE
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "polyhead", "key": "api-key"}
    assert "generic polyhead --from-literal=api-key=" in block.text and "deployment/polyhead" in block.text


def _gpus(block: Block) -> None:
    from accelerate.commands.launch import launch_command_parser

    for call in _calls(block):
        words = shlex.split(call[-1]) if call[0] == "srun" else call
        assert words[:2] == ["accelerate", "launch"]
        words = [re.sub(r"\$SLURM_NODEID", "1", word) for word in words[2:]]
        found = launch_command_parser().parse_args(words)
        assert found.module and found.training_script == "mtl"
        assert _parses(found.training_script_args)["recipe"] == Path("news.yaml")


def _slurm(block: Block) -> None:
    split, batch = _calls(block)
    last = int(_options(batch)["--array"].partition("-")[2])
    assert _options(split)["--number"] == f"l/{last + 1}"
    command = _options(batch)["--wrap"].partition("; ")[2]
    assert Path(_parses(shlex.split(command)[3:])["source"]).suffix == _options(split)["--additional-suffix"]


CHECKS: dict[str, Callable[[Block], None]] = {
    "hub": _hub,
    "space": _space,
    "docker": _docker,
    "kubernetes": _kubernetes,
    "gpus": _gpus,
    "slurm": _slurm,
}
UNRUN = [(page, block) for page in PAGES for block in blocks_of(page) if block.needs]


@pytest.mark.parametrize("page", slow_except(PAGES, FOLDER / "classify-and-tag.md"), ids=lambda page: page.stem)
def test_a_reader_who_follows_a_tutorial_gets_what_it_shows(page: Path, tmp_path: Path):
    reader = Reader(tmp_path, port=free_port(), as_typed=False)
    for block in blocks_of(page):
        reader.follow(block)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_reader_who_types_everything_gets_what_a_tutorial_shows(page: Path, tmp_path: Path):
    reader = Reader(tmp_path, port=free_port(), as_typed=True)
    for block in blocks_of(page):
        reader.follow(block)


@pytest.mark.parametrize(("page", "block"), UNRUN, ids=lambda one: getattr(one, "needs", "") or one.stem)
def test_what_cannot_be_run_here_fits_the_files_that_it_speaks_of(page: Path, block: Block):
    CHECKS[block.needs](block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_run_saved_compared_or_checked(page: Path):
    for block in blocks_of(page):
        done = block.how in ("", "varies", "slow") or block.file or block.needs in CHECKS
        assert done and (block.file or block.needs or block.language in ("bash", "python", "text")), block


@pytest.mark.parametrize(
    ("said", "page", "varies", "same"),
    [
        ("a 1.5 b", "a 1.5 b", False, True),
        ("a 1.5 b", "a 1.6 b", False, False),
        ("a 1.5 b", "a 2,000 b", True, True),
        ("a 1.5 b", "a 1.5 c", True, False),
        ("about 37 s, a", "about 3 min, a", True, True),
        ("│ a │  b │", "a b", False, True),
        ("a\nb\nc", "a\n...\nc", False, True),
        ("a\nb", "a", False, False),
    ],
)
def test_what_a_page_shows_is_compared_with_what_was_printed(said: str, page: str, varies: bool, same: bool):
    assert says(said + "\n", page + "\n", varies=varies) is same


def test_the_file_that_a_space_starts_starts_the_page(monkeypatch: pytest.MonkeyPatch):
    import app as page

    (block,) = (other for other in blocks_of(FOLDER / "deploy.md") if other.file == "space.py")
    started = []
    monkeypatch.setattr(page, "main", lambda arguments: started.append(page._parser().parse_args(arguments)) or 0)
    with pytest.raises(SystemExit):
        exec(compile(block.text, "space.py", "exec"), {"__name__": "__main__"})
    assert started[0].checkpoint == "OWNER/MODEL"
