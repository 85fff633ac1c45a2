import os
import stat
from pathlib import Path

import pytest

from demo import temporary


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_uploads_and_exports_are_for_this_user_alone(home: Path):
    environment = {}
    temporary.use_for_uploads(environment)
    made = temporary.new_temporary_folder()
    assert environment["GRADIO_TEMP_DIR"] == str(made.parent) and home in made.parents
    assert stat.S_IMODE(temporary.temporary_folder().stat().st_mode) == 0o700


def test_what_is_old_is_deleted_and_what_is_new_stays():
    old, new, mixed = (temporary.new_temporary_folder() for _ in range(3))
    for folder, name, age in ((old, "a", 7300), (new, "b", 7100), (mixed, "c", 7300), (mixed, "d", 0)):
        file = folder / "deep" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
        then = file.stat().st_mtime - age
        for place in (file, file.parent, folder):
            os.utime(place, (then, then))
    link = mixed / "link"
    link.symlink_to(new)
    temporary.sweep()
    temporary.sweep()  # a folder that became empty just now is there until its time comes
    left = {file.name for file in temporary.temporary_folder().rglob("*") if file.is_file() or file.is_symlink()}
    assert left == {"b", "d", "link"}


def test_a_home_that_cannot_be_written_costs_a_folder_of_the_system(home: Path):
    home.write_text("a file")
    made = temporary.new_temporary_folder()
    assert made.is_dir() and home not in made.parents
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
