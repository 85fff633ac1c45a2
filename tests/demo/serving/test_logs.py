import json
import logging
import subprocess
import sys

from demo.serving.logs import JsonLines


def _line(message, *, error=None):
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("polyhead", logging.ERROR, __file__, 1, message, (), info)
    return JsonLines().format(record)


def test_a_line_is_one_json_object_without_control_characters():
    line = _line("a\nb\x00c\x1b[31m" + "d" * 5_000)
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"].startswith("a b c [31m") and len(found["message"]) == 300


def test_of_an_error_its_kind_and_place_are_logged_and_not_what_a_visitor_typed():
    try:
        int("only for me")
    except ValueError as caught:
        line = _line("error 12ab", error=caught)
    found = json.loads(line)
    assert "only for me" not in line
    assert found["error"] == "ValueError" and sys._getframe().f_code.co_name in found["at"][0]


def test_a_thread_that_fails_and_a_warning_of_gradio_leave_no_plain_text_and_no_words_of_a_visitor():
    program = """
import threading, warnings
from demo.serving import logs
logs.set_up()
thread = threading.Thread(target=int, args=("only for me",), name="queue of runs")
thread.start(); thread.join()
warnings.warn_explicit("only for me", UserWarning, "dropdown.py", 1, module="gradio.components.dropdown")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = ended.stderr.splitlines()
    assert json.loads(line)["message"] == "queue of runs ended with an error" and "only for me" not in ended.stderr
