"""Files of Hub data sets; the Hub itself is played by a folder."""

import socket
import sys
import types
from pathlib import Path
from urllib.error import URLError

import huggingface_hub
import pytest

from mtl.data import LabelledText, read_files, read_task
from mtl.data import hub as hub_module
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind

CLASSIFICATION = TaskConfig(kind=TaskKind.CLASSIFICATION)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set `owner/name` whose files are those of the returned folder."""

    def list_repo_files(self: huggingface_hub.HfApi, repository: str, *, repo_type: str) -> list[str]:
        assert (repository, repo_type) == ("owner/name", "dataset")
        return sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*"))

    def hf_hub_download(repository: str, file: str, *, repo_type: str) -> str:
        assert (repository, repo_type) == ("owner/name", "dataset")
        return str(tmp_path / file)

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", list_repo_files)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hf_hub_download)
    return tmp_path


def put(folder: Path, file: str, label: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(f"text,label\nsome text,{label}\nmore text,z\n")


def test_a_file_is_named_by_its_path(hub: Path):
    put(hub, "data/part.csv", "x")
    assert read_files(CLASSIFICATION, ["hf:owner/name/data/part.csv"])[0] == LabelledText("some text", "x")


@pytest.mark.parametrize("dev", ["dev.csv", "data/validation-00000-of-00001.csv", "Valid.csv"])
def test_a_data_set_is_searched_for_the_file_of_the_split(hub: Path, dev: str):
    put(hub, "train.csv", "x")
    put(hub, dev, "y")
    put(hub, "README.md", "w")
    config = TaskConfig(kind="classification", train=("hf:owner/name",), dev=("hf:owner/name",))
    data = read_task("t", config)
    assert (data.train[0], data.dev[0]) == (LabelledText("some text", "x"), LabelledText("some text", "y"))


@pytest.mark.parametrize("files", [(), ("train.csv", "train-00000-of-00001.tsv")])
def test_a_data_set_with_no_or_two_files_of_a_split_asks_for_a_path(hub: Path, files: tuple[str, ...]):
    for file in files:
        put(hub, file, "x")
    with pytest.raises(DataError) as error:
        read_files(CLASSIFICATION, ["hf:owner/name"], split="train")
    assert str(error.value) == (
        f"hf:owner/name: one file named train was expected, were {len(files)}; name it: hf:owner/name/path/to/file"
    )


@pytest.mark.parametrize(
    "reference",
    [
        "hf:",
        "hf:owner",
        "hf:owner/",
        "hf:/name",
        "hf:owner//file.csv",
        "hf:a/b::train",
        "hf:a:train",
        "hf:a/b/c:x",
        "hf:a/b:c:d:e",
    ],
)
def test_a_malformed_reference_is_refused(reference: str):
    with pytest.raises(DataError, match=f"a Hub data set is written .* was '{reference}'"):
        read_files(CLASSIFICATION, [reference])


@pytest.mark.parametrize("reference", ["hf:owner/name", "hf:owner/name/file.csv"])
def test_what_cannot_be_fetched_is_named(reference: str):
    with pytest.raises(DataError, match=f"^{reference}: the file cannot be fetched from the Hub"):
        read_files(CLASSIFICATION, [reference])


def test_a_name_that_the_hub_cannot_have_is_refused():
    with pytest.raises(DataError, match="a Hub data set is written hf:owner/name"):
        read_files(CLASSIFICATION, ["hf:ow ner/na me/file.csv"])


class ClassLabel:
    def __init__(self, names: list[str]):
        self.names = names


class List:
    def __init__(self, feature: object):
        self.feature = feature


class Loaded(list):
    """What `load_dataset` gives, as far as it is read."""

    def __init__(self, rows: list[dict], features: dict[str, object]):
        super().__init__(rows)
        self.features = features


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, str]]:
    """A package `datasets` with one tagging set; the calls that it gets."""
    made: list[tuple[str, str | None, str]] = []
    tags = List(ClassLabel(["O", "B-PER", "I-PER"]))

    def load_dataset(repository: str, config: str | None, *, split: str) -> Loaded:
        made.append((repository, config, split))
        if repository == "owner/none":
            raise FileNotFoundError("Couldn't find it\nanywhere")
        return Loaded([{"tokens": ["Anna", "left"], "ner_tags": [1, 0]}], {"tokens": object(), "ner_tags": tags})

    package = types.ModuleType("datasets")
    package.load_dataset = load_dataset
    package.exceptions = types.SimpleNamespace(DatasetsError=type("DatasetsError", (Exception,), {}))
    monkeypatch.setitem(sys.modules, "datasets", package)
    return made


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("hf:owner/name:train", ("owner/name", None, "train")),
        ("hf:owner/name:test", ("owner/name", None, "test")),
        ("hf:owner/name:validation[:10%]", ("owner/name", None, "validation[:10%]")),
        ("hf:owner/name:en:train[5:9]", ("owner/name", "en", "train[5:9]")),
        ("hf:owner/name:english", ("owner/name", "english", "validation")),
        ("hf:owner/name:english:test", ("owner/name", "english", "test")),
    ],
)
def test_a_configuration_and_a_split_are_read_through_datasets(calls: list, reference: str, expected: tuple):
    (example,) = read_files(TaskConfig(kind="tagging"), [reference])
    assert example.tags == ("B-PER", "O")
    assert calls == [expected]


def test_a_data_set_that_cannot_be_loaded_is_one_sentence(calls: list):
    with pytest.raises(DataError) as caught:
        read_files(TaskConfig(kind="tagging"), ["hf:owner/none:train"])
    assert str(caught.value) == (
        "hf:owner/none:train: the data set cannot be loaded (FileNotFoundError: Couldn't find it)"
    )


def test_a_split_without_the_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError) as caught:
        read_files(TaskConfig(kind="tagging"), ["hf:owner/name:train"])
    assert (
        str(caught.value)
        == "hf:owner/name:train: a split of a data set needs the package datasets: pip install datasets"
    )


@pytest.mark.parametrize("reference", ["hf:owner/name", "hf:owner/name/file.csv"])
def test_without_a_network_the_clients_try_nothing(reference: str, monkeypatch: pytest.MonkeyPatch):
    def unreachable(*_: object, **__: object) -> None:
        raise URLError(socket.gaierror(-2, "Name or service not known"))

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_module, "urlopen", unreachable)
    with pytest.raises(DataError, match=f"^{reference}: the file cannot be fetched from the Hub") as refusal:
        read_files(CLASSIFICATION, [reference])
    assert "\n" not in str(refusal.value)
    assert huggingface_hub.constants.HF_HUB_OFFLINE is False
