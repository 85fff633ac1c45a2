import pytest

import app as page
from tests.mtl.cli.calling import complaint


@pytest.mark.parametrize("value", ["abc", "1.5", ""])
def test_a_port_that_is_no_number_is_one_sentence_of_every_program(capsys, value):
    assert complaint("serve", "starter", "--port", value).startswith("--port: a whole number was expected")
    with pytest.raises(SystemExit) as ended:
        page.main(["--port", value])
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"error: --port: a whole number was expected, was {value!r} (--help says how)\n"


@pytest.mark.parametrize("arguments", [["--training", "x"], ["--nosuch"], ["--port"]])
def test_the_page_says_one_sentence_without_its_usage(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        page.main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 1 and said.startswith("error: ") and said.count("\n") == 1
