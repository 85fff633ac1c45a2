import pytest

from demo.labelling.examples import example_projects
from demo.labelling.form import annotator_of, hints_of, lines_of_hints, spec_of
from mtl.errors import InputError
from mtl.labelling import LabelHint, ProjectKind


def test_labels_are_read_with_descriptions_and_written_back():
    lines = "sports: matches: and records\n\n  travel \nscience/tech:\n"
    hints = hints_of(lines)
    assert hints == (LabelHint("sports", "matches: and records"), LabelHint("travel"), LabelHint("science/tech"))
    assert hints_of(lines_of_hints(hints)) == hints


@pytest.mark.parametrize(
    ("task", "kind", "labels", "said"),
    [
        ("", "classes", "a\nb", "Give the task a name"),
        (None, "classes", "a\nb", "Give the task a name"),
        ("topic", "x", "a\nb", "A kind of"),
        ("topic", None, "a\nb", "A kind of"),
        ("topic", "classes", "a", "at least 2 labels"),
        ("topic", "spans", "", "at least 1 entity type,"),
        ("topic", "labels", None, "at least 1 label,"),
        ("topic", "classes", "a\na", "comes twice"),
        ("7", "classes", "a\nb", "A letter"),
    ],
)
def test_a_field_that_cannot_be_used_is_one_sentence(task, kind, labels, said):
    with pytest.raises(InputError, match=said):
        spec_of(task, kind, labels)


def test_blanks_in_the_name_of_a_task_become_underscores():
    assert spec_of(" my topic ", "classes", "a\nb").task == "my_topic"


def test_who_gives_no_name_is_somebody_all_the_same():
    assert annotator_of(None) == annotator_of("  ") == "me"
    assert annotator_of(" Ann  B ") == "Ann B"
    with pytest.raises(InputError, match="40"):
        annotator_of("x" * 41)


def test_there_is_an_example_of_each_kind_which_the_form_takes():
    kinds = set()
    for example in example_projects():
        spec = spec_of(example.task, example.kind, example.labels)
        kinds.add(spec.kind)
        assert all(hint.description for hint in spec.labels)
        assert len(example.sentences.texts) > 100
    assert kinds == set(ProjectKind)


def test_pairs_need_no_labels():
    spec = spec_of("meaning", "pairs", "what was typed for another kind")
    assert (spec.kind, spec.names) == (ProjectKind.PAIRS, ("same", "different"))
