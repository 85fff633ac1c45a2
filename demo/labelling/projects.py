"""The projects below `$MTL_HOME/labelling`, each in the folder of its owner, within the limits of the page."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from demo.runs.quotas import kept_sentence
from demo.runs.visitors import hashed
from demo.settings import Settings
from mtl.errors import InputError
from mtl.folders import folder_size
from mtl.home import home
from mtl.labelling import (
    Project,
    ProjectSpec,
    ProjectSummary,
    create_project,
    delete_project,
    list_projects,
)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_LOCAL = "local"
_NO_PROJECT = "There is no such project."


class Projects:
    """Projects by owner: on a page with private runs everybody sees their own, else all that are there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()

    def of(self, owner: str) -> list[ProjectSummary]:
        """The projects that this owner may open, the one last changed first."""
        found = [project for root in self._roots(owner) for project in list_projects(root)]
        return sorted(found, key=lambda project: -project.changed)

    def create(self, texts: Sequence[str], spec: ProjectSpec, *, owner: str) -> Project:
        """Make a project of this owner.

        Raises:
            InputError: the texts or the labels are too many, or there is no place left.
            StorageError: the disk is full.
        """
        settings = self._settings
        if settings.private_runs and not owner:
            raise InputError("A browser that keeps cookies was expected: without one, a project would be nobody's.")
        if len(texts) > settings.max_label_texts:
            raise InputError(f"At most {settings.max_label_texts:,} texts were expected, were {len(texts):,}.")
        if settings.max_labels is not None and len(spec.labels) > settings.max_labels:
            raise InputError(f"At most {settings.max_labels} labels were expected, were {len(spec.labels)}.")
        with self._lock:
            self._delete_old()
            self._need_room(owner)
            return create_project(self._root(owner), texts, spec)

    def folder(self, project_id: object, owner: str) -> Path:
        """The folder of a project of this owner.

        Raises:
            InputError: there is none; a stranger's project looks the same as no project.
        """
        if isinstance(project_id, str) and _ID.fullmatch(project_id):
            for root in self._roots(owner):
                if (root / project_id).is_dir():
                    return root / project_id
        raise InputError(_NO_PROJECT)

    def delete(self, project_id: object, owner: str) -> None:
        """Delete a project with its answers; this cannot be undone.

        Raises:
            InputError: as `folder`.
        """
        delete_project(self.folder(project_id, owner))

    def _root(self, owner: str) -> Path:
        return home() / "labelling" / (hashed(owner)[:32] if self._settings.private_runs else _LOCAL)

    def _roots(self, owner: str) -> list[Path]:
        if not self._settings.private_runs:
            return _all_roots()
        return [self._root(owner)] if owner else []

    def _need_room(self, owner: str) -> None:
        settings = self._settings
        if settings.owner_label_projects is not None:
            own = len(list_projects(self._root(owner)))
            if own >= settings.owner_label_projects:
                raise InputError(f"You have {own} projects, which is the limit. Delete one first.")
        if settings.owner_label_mb is not None:
            size = folder_size(self._root(owner)) / 1e6
            if size >= settings.owner_label_mb:
                raise InputError(
                    f"Your projects take {size:,.0f} MB, and {settings.owner_label_mb:,.0f} MB is the limit."
                )
        if settings.kept_label_mb is not None and folder_size(home() / "labelling") / 1e6 >= settings.kept_label_mb:
            raise InputError(
                f"The projects on this page take {settings.kept_label_mb:,.0f} MB, which is the limit. "
                f"{kept_sentence(settings)} Try again later."
            )

    def _delete_old(self) -> None:
        if self._settings.kept_days is None:
            return
        limit = time.time() - 86400 * self._settings.kept_days
        for project in [project for root in _all_roots() for project in list_projects(root)]:
            if project.changed < limit:
                delete_project(project.folder)


def _all_roots() -> list[Path]:
    top = home() / "labelling"
    return sorted(path for path in top.iterdir() if path.is_dir()) if top.is_dir() else []
