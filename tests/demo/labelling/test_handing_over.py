import errno
from dataclasses import replace

import pytest

import mtl
from demo.answers.engines import Engines, key_of
from demo.inputs import kept_drafts
from demo.labelling import OpenProjects, Projects
from demo.labelling.handing_over import PAIR_LOSS, FileFormat, checkpoint_of, file_of, formats_for, task_of
from demo.runs import RunManager
from demo.training.form_values import NAMES
from mtl.data import LabelledText, MultiLabelText, read_files
from mtl.errors import InputError, StorageError
from mtl.labelling import LabelHint, ProjectKind, ProjectSpec
from mtl.labelling.engines import handed_over
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig, TaskKind
from tests.demo.fakes import settings
from tests.tiers import slow_except

TEXTS = tuple(f"Text number {i} is about {'cups' if i % 2 else 'trains'} by Ann." for i in range(12))


@pytest.fixture(params=list(ProjectKind))
def session(request, starter):
    kind = request.param
    labels = {ProjectKind.SPANS: (LabelHint("PER"),), ProjectKind.PAIRS: ()}.get(
        kind, (LabelHint("sports"), LabelHint("travel"))
    )
    project = Projects(settings()).create(TEXTS, ProjectSpec("My-topic", kind, labels), owner="")
    return OpenProjects(1).session(project.folder, lambda: starter)


def answer(session) -> None:
    kind = session.project.spec.kind
    for number, text in enumerate(session.project.texts):
        label = "sports" if number % 2 else "travel"
        at = text.index("Ann")
        spans = (TypedSpan(at, at + 3, "PER"),)
        same = "different" if number % 3 else "same"
        given = {
            ProjectKind.CLASSES: label,
            ProjectKind.LABELS: (label,),
            ProjectKind.SPANS: spans,
            ProjectKind.PAIRS: same,
        }[kind]
        session.answer("me", number, given)


def config(kind: ProjectKind) -> TaskConfig:
    more = {"multi_label": True} if kind is ProjectKind.LABELS else {}
    kinds = {ProjectKind.SPANS: TaskKind.TAGGING, ProjectKind.PAIRS: TaskKind.SIMILARITY}
    return TaskConfig(kind=kinds.get(kind, TaskKind.CLASSIFICATION), **more)


def test_every_format_that_is_offered_is_written_and_read_back(session):
    answer(session)
    kind = session.project.spec.kind
    for title, form in formats_for(kind):
        file, notes = file_of(session, form)
        is_pairs = kind is ProjectKind.PAIRS
        assert notes == (("4 same and 8 different pairs (hard negatives)",) if is_pairs else ()), title
        assert file.stem == "My-topic", title
        read = read_files(config(kind), [str(file)])
        assert len(read) == len(TEXTS), title
        if is_pairs:
            assert read == list(session.examples()), title
    assert {type(one) for one in read} <= {LabelledText, MultiLabelText, type(session.examples()[0])}


def test_what_a_format_cannot_hold_is_told(starter):
    spec = ProjectSpec("names", ProjectKind.SPANS, (LabelHint("PER"),))
    session = OpenProjects(1).session(
        Projects(settings()).create(("Ann\tLee", "Bo"), spec, owner="").folder, lambda: starter
    )
    session.accept("me", {0: (TypedSpan(0, 3, "PER"),), 1: ()})
    _, notes = file_of(session, FileFormat.CONLL)
    assert notes == ("of 1 row the spaces between words are not kept",)


def test_answers_become_a_task_of_the_train_tab_each_time_under_a_free_name(session):
    answer(session)
    chosen = settings()
    first, second = (task_of(session, owner="ann", settings=chosen) for _ in range(2))
    assert (first, second) == ("my_topic", "my_topic_2")
    draft = next(task for task in kept_drafts.known("ann", chosen) if task.name == first)
    assert draft.train_size + draft.dev_size == len(TEXTS)
    assert draft.config.kind is config(session.project.spec.kind).kind


def test_a_project_remembers_under_which_names_its_answers_were_handed_over(session):
    answer(session)
    for _ in range(2):
        task_of(session, owner="ann", settings=settings())
    assert handed_over(session.project.folder) == ("my_topic_2", "my_topic")


def test_nothing_is_handed_over_where_its_name_cannot_be_remembered(session, monkeypatch):
    answer(session)
    before = kept_drafts.known("ann", settings())

    def full(*_values, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mtl.labelling.log.append_line", full)
    with pytest.raises(StorageError, match="No space left on device"):
        task_of(session, owner="ann", settings=settings())
    assert kept_drafts.known("ann", settings()) == before


@pytest.fixture
def pairs(starter):
    project = Projects(settings()).create(TEXTS, ProjectSpec("meaning", ProjectKind.PAIRS, ()), owner="")
    return OpenProjects(1).session(project.folder, lambda: starter)


def test_a_task_of_pairs_says_its_loss_also_in_the_recipe(pairs):
    answer(pairs)
    chosen = settings()
    name = task_of(pairs, owner="ann", settings=chosen)
    draft = next(task for task in kept_drafts.known("ann", chosen) if task.name == name)
    assert draft.config.head.loss == PAIR_LOSS
    assert draft.config.model_dump(mode="json", exclude_unset=True)["head"] == {"loss": PAIR_LOSS}


def test_pairs_are_learned_by_a_loss_that_takes_the_different_ones_as_hard_negatives(pairs):
    answer(pairs)
    chosen = settings()
    name = task_of(pairs, owner="ann", settings=chosen)
    draft = next(task for task in kept_drafts.known("ann", chosen) if task.name == name)
    assert draft.config.head.loss == "multiple_negatives"
    scores = [pair.score for pair in read_files(draft.config, draft.config.train)]
    assert set(scores) == {0.0, 1.0}


def test_pairs_of_which_none_is_the_same_train_nothing_but_are_a_file(pairs):
    for number in range(6):
        pairs.answer("me", number, "different")
    with pytest.raises(InputError, match="No pair is answered same yet"):
        task_of(pairs, owner="ann", settings=settings())
    file, notes = file_of(pairs, FileFormat.CSV)
    assert notes == ("0 same and 6 different pairs (hard negatives)",)
    assert file.read_text(encoding="utf-8").splitlines()[0] == "sentence1,sentence2,score"


def test_pairs_have_no_checkpoint_and_no_format_of_texts(pairs):
    answer(pairs)
    with pytest.raises(InputError, match="add them to Train"):
        checkpoint_of(pairs, owner="", address="", settings=settings())
    assert RunManager(settings()).runs("") == []
    with pytest.raises(InputError, match="A format of JSON lines, CSV, JSON, Excel, Parquet was expected"):
        file_of(pairs, FileFormat.DOCCANO)


@pytest.mark.parametrize(
    "session", slow_except([k for k in ProjectKind if k is not ProjectKind.PAIRS], ProjectKind.LABELS), indirect=True
)
def test_a_checkpoint_is_offered_in_the_header_to_its_owner_and_can_be_downloaded(session):
    answer(session)
    chosen = replace(settings(public=True), kept_days=None)
    runs = RunManager(chosen)
    run = checkpoint_of(session, owner="ann", address="", settings=chosen)
    engines = Engines(settings=chosen, runs=runs, load=mtl.Engine.load)
    assert key_of(run) in [key for _, key in engines.choices("ann")]
    assert key_of(run) not in [key for _, key in engines.choices("bob")]
    task = engines.get(key_of(run), "ann").tasks["My-topic"]
    assert task.labels == session.project.spec.names
    assert task.multi_label == (session.project.spec.kind is ProjectKind.LABELS)
    assert runs.archive(run, "ann").suffix == ".zip"


def test_without_answers_there_is_nothing_to_hand_over(session):
    for hand_over in (
        lambda: file_of(session, FileFormat.JSONL),
        lambda: task_of(session, owner="", settings=settings()),
        lambda: checkpoint_of(session, owner="", address="", settings=settings()),
    ):
        with pytest.raises(InputError, match="Label a text first"):
            hand_over()
    assert RunManager(settings()).runs("") == []


def test_an_unknown_format_is_one_sentence(session):
    answer(session)
    with pytest.raises(InputError, match="A format of JSON lines"):
        file_of(session, "exe")


def test_the_tasks_are_the_first_field_of_the_train_form():
    assert NAMES[0] == "tasks"
