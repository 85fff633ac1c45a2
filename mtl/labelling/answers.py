"""The answers of a project by the names that its labels have now."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtl.errors import InputError, NotLastError, UndoneError
from mtl.labelling.cards import Counts
from mtl.labelling.checking import checked_answer
from mtl.labelling.choosing import Asked
from mtl.labelling.log import Action, ActionKind, AnswerLog, PersonLog, Stored, checked_name, now
from mtl.labelling.project import Project
from mtl.labelling.reasons import Reason
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec
from mtl.labels import TypedSpan, stable_order
from mtl.text.batching import Integers

_NOT_LAST = "what was done last was expected, something else has been done since"


@dataclass(frozen=True, eq=False)
class Known:
    """All that is said of the texts at one moment, by labels of `spec` alone; equal states stand for equal answers."""

    state: tuple[int, tuple[str, ...]]
    spec: ProjectSpec
    answers: Mapping[int, Answer]


class ProjectAnswers:
    """Reads and writes what people say of the texts of a project; labels have their present names.

    An answer whose labels were all removed counts no more.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._log = AnswerLog(project.answers_folder, of_pairs=project.of_pairs)
        self._state: tuple[int, tuple[str, ...]] | None = None
        self._by_person: dict[str, dict[int, Answer]] = {}
        self._merged: dict[int, Answer] = {}

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._project.answers_folder

    def refresh(self) -> Known:
        """Read what is new."""
        self._log.refresh()
        spec, keys = self._project.labels_now()
        state = (self._log.version, tuple(f"{key}\0{name}" for name, key in keys.items()))
        if state != self._state:
            names = {key: name for name, key in keys.items()}
            self._by_person = {name: self._named(person, names) for name, person in self._log.people.items()}
            self._merged = self._majority()
            self._state = state
        return Known(state, spec, self._merged)

    def of(self, name: str) -> dict[int, Answer]:
        """What one person says, by text."""
        return self._by_person.get(name, {})

    @property
    def merged(self) -> dict[int, Answer]:
        """What all say: of each text the answer of most people, the latest of these where there are several."""
        return self._merged

    @property
    def people(self) -> tuple[str, ...]:
        """Who has done anything that is not taken back, by name."""
        return tuple(sorted(name for name, person in self._log.people.items() if person.actions))

    def person(self, name: str) -> PersonLog:
        """What one person has done."""
        return self._log.people.get(name) or PersonLog(name)

    def last_id(self, name: str) -> str:
        """The id of the action of a person that an undo would take back; empty where there is none."""
        actions = self.person(name).actions
        return actions[-1].id if actions else ""

    def measured(self) -> set[int]:
        """Texts that anybody has answered or skipped because they were shown by chance."""
        actions = (action for person in self._log.people.values() for action in person.actions)
        return {text for action in actions if action.reason is Reason.MEASURED for text in action.texts}

    def before_labels(self) -> dict[str, int]:
        """How many answers are older than each label that was added in the course of the project; those with any."""
        added = {name: since for name, since in self._project.labels_since().items() if since}
        if not added:
            return {}
        times = sorted(
            max(last.at for person in self._log.people.values() if (last := person.last(text)) is not None)
            for text in self.merged
        )
        counts = {name: bisect_left(times, since) for name, since in added.items()}
        return {name: count for name, count in counts.items() if count}

    def touched(self) -> set[int]:
        """Texts that anybody has answered, with a label that there is, or skipped."""
        return {*self.merged, *(text for person in self._log.people.values() for text in person.skipped())}

    def answered_at(self, text: int) -> float:
        """When anybody first answered or skipped a text, in seconds since the epoch; 0 where nobody has."""
        first = (person.since(text) for person in self._log.people.values())
        return min((at for at in first if at is not None), default=0.0)

    def counts(self, name: str, numbers: Integers) -> Counts:
        """How far one person is with what may be shown; answers to anything else come in addition."""
        own, skipped = self.of(name), self.person(name).skipped()
        others = [text for text in self.merged if text not in own]
        touched = np.array([*own, *skipped, *others], dtype=np.int64)
        total = len(numbers) + int((~np.isin(np.unique(touched), numbers)).sum())
        return Counts(len(own), len(skipped), len(others), total, self.last_id(name))

    def asked(self, name: str, numbers: Integers) -> Asked:
        """Which of the texts or pairs `(M,)` that may be shown, in ascending order, may be shown to one person."""
        person = self.person(name)
        unseen = _without(np.ones(len(numbers), dtype=bool), numbers, [*self.of(name), *person.skipped()])
        is_open = _without(unseen, numbers, list(self.merged))
        return Asked(is_open, unseen, self.merged.keys(), len(person.actions))

    def keep(self, name: str, answers: Mapping[int, Answer], *, reason: Reason) -> None:
        """Write answers for texts that there are as one action; errors as `checked_answer` and `AnswerLog.append`."""
        spec, keys = self._project.labels_now()
        checked = {
            text: checked_answer(self._project.texts_of(text)[0], spec, answer) for text, answer in answers.items()
        }
        stored = tuple(_stored(answer, keys) for answer in checked.values())
        self._append(name, Action(ActionKind.ANSWER, tuple(checked), stored, reason, now()))

    def skip(self, name: str, text: int, *, reason: Reason) -> None:
        """Write that a text is left out."""
        self._append(name, Action(ActionKind.SKIP, (text,), (), reason, now()))

    def _append(self, name: str, action: Action) -> None:
        """Write an action, but not one that has just been done: asked twice is done once, and undone by one undo.

        Another process may have taken back what was done here, so the files say what was done last.
        """
        self._log.refresh()
        done = self.person(checked_name(name)).actions
        if not done or replace(action, reason=done[-1].reason, at=done[-1].at, id=done[-1].id) != done[-1]:
            self._log.append(checked_name(name), action)

    def undo(self, name: str, last: str | None = None) -> Action | None:
        """Take back the last action, and give it; arguments and errors as `LabellingSession.undo`."""
        self._log.refresh()
        ids = [action.id for action in self.person(name).actions]
        if last and last not in ids:
            raise UndoneError("something to take back was expected, that has been taken back")
        if last is not None and last != (ids[-1] if ids else ""):
            raise NotLastError(_NOT_LAST)
        if not ids:
            return None
        action = self.person(name).actions[-1]
        self._log.append(name, Action(ActionKind.UNDO, at=now(), undoes=action.id))
        if action in self.person(name).actions:  # another process wrote in between
            raise NotLastError(_NOT_LAST)
        return action

    def _named(self, person: PersonLog, names: Mapping[str, str]) -> dict[int, Answer]:
        found: dict[int, Answer] = {}
        for text in person.answered():
            action = person.last(text)
            if action is None or not 0 <= text < self._project.count:
                continue
            answer = self._answer(action.answers[action.texts.index(text)], names, text)
            if answer is not None:
                found[text] = answer
        return found

    def _answer(self, stored: Stored, names: Mapping[str, str], text: int) -> Answer | None:
        """An answer with present names; None where nothing of it is left, or it is not of the project's kind."""
        kind = self._project.spec.kind
        if isinstance(stored, str):
            return names.get(stored) if kind.has_one_label else None
        if kind is ProjectKind.LABELS:
            kept = [names[one] for one in stored if isinstance(one, str) and one in names]
            return stable_order(kept) if kept or not stored else None
        if kind is ProjectKind.SPANS:
            length = len(self._project.texts[text])
            spans = [one for one in stored if isinstance(one, TypedSpan) and one.label in names]
            inside = [one for one in spans if 0 <= one.start < one.end <= length]
            found = tuple(TypedSpan(one.start, one.end, names[one.label]) for one in inside)
            return found if found or not stored else None
        return None

    def _majority(self) -> dict[int, Answer]:
        if len(self._by_person) == 1:
            return dict(next(iter(self._by_person.values())))
        given: dict[int, list[tuple[float, Answer]]] = {}
        for name, own in self._by_person.items():
            for text, answer in own.items():
                last = self._log.people[name].last(text)
                given.setdefault(text, []).append((last.at if last else 0.0, answer))
        merged: dict[int, Answer] = {}
        for text, all_given in sorted(given.items(), key=lambda item: min(at for at, _ in item[1])):
            counts = Counter(answer for _, answer in all_given)
            most = max(counts.values())
            merged[text] = max((one for one in all_given if counts[one[1]] == most), key=lambda one: one[0])[1]
        return merged


def check_number(project: Project, number: object) -> int:
    """The number of a text, or of a pair.

    Raises:
        InputError: the project has none of this number.
    """
    return _checked(number, project.count, "pair" if project.of_pairs else "text")


def check_text(project: Project, text: object) -> int:
    """The number of a text, also where pairs are labelled; errors as `check_number`."""
    return _checked(text, len(project.texts), "text")


def _checked(number: object, count: int, noun: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < count:
        raise InputError(f"A {noun} from 0 to {count - 1} was expected, was {str(number)[:40]!r}.")
    return number


def _without(mask: NDArray[np.bool_], numbers: Integers, left_out: Sequence[int]) -> NDArray[np.bool_]:
    """A mask `(M,)` of numbers in ascending order, without some numbers, which need not be among them."""
    found, out = mask.copy(), np.array(left_out, dtype=np.int64)
    if len(numbers):
        place = np.minimum(np.searchsorted(numbers, out), len(numbers) - 1)
        found[place[numbers[place] == out]] = False
    return found


def _stored(answer: Answer, keys: Mapping[str, str]) -> Stored:
    if isinstance(answer, str):
        return keys[answer]
    spans = tuple(TypedSpan(s.start, s.end, keys[s.label]) for s in answer if isinstance(s, TypedSpan))
    return spans or tuple(keys[one] for one in answer if isinstance(one, str))
