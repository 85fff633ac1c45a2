import pytest

from demo.serving.logins import read_login
from mtl.errors import InputError


def test_logins_come_from_the_command_line_the_environment_and_a_file(tmp_path):
    file = tmp_path / "logins"
    file.write_text("ada:a:b\n\n bob :c\n", encoding="utf-8")
    found = read_login("eve:d", file, {"POLYHEAD_AUTH": "joe:e"})
    assert found == [("eve", "d"), ("joe", "e"), ("ada", "a:b"), ("bob", "c")]
    assert read_login(None, None, {}) is None


@pytest.mark.parametrize("given", ["", "ada", "ada:", ":secret"])
def test_a_login_that_is_none_is_refused_without_showing_it(given):
    with pytest.raises(InputError) as caught:
        read_login(given, None, {})
    assert "secret" not in str(caught.value)


def test_a_file_without_logins_does_not_open_the_page_to_everybody(tmp_path):
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    for name in ("empty", "missing"):
        with pytest.raises(InputError):
            read_login(None, tmp_path / name, {})
