"""`docs/faults.md` names tests that exist, and every test of a fault is in it."""

import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "faults.md"
FAULTS = (
    "test_faults_around_runs.py",
    "test_faults_in_training.py",
    "test_damaged_runs.py",
    "test_faults_in_commands.py",
)


def test_the_table_has_every_fault_and_names_its_test():
    named = set(re.findall(r"`(test_\w+)`", TABLE.read_text(encoding="utf-8")))
    made = {name for file in FAULTS for name in re.findall(r"^def (test_\w+)", (HERE / file).read_text(), re.M)}
    assert named == made
