import json
import logging
import sys

from mtl.serving.logs import JsonLines


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


def test_fields_of_a_record_are_keys_of_the_line():
    record = logging.LogRecord("polyhead", logging.INFO, __file__, 1, "POST /embed", (), None)
    record.fields = {"status": 200, "ms": 1.5}
    found = json.loads(JsonLines().format(record))
    assert found["message"] == "POST /embed" and found["status"] == 200 and found["ms"] == 1.5
