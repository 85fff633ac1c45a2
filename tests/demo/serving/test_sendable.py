import math

import orjson
import pytest

from demo.serving.sendable import sendable

HARD = ["a\ud800", "\udfff", 10**400, -(2**64), {"a\ud800": [1, {"b": "\udc00"}]}, ["x", 10**30], math.inf]


@pytest.mark.parametrize("value", HARD, ids=lambda value: repr(value)[:20])
def test_whatever_a_handler_returns_can_be_sent(value):
    orjson.dumps(sendable([value, {"of": value}]), default=str)


@pytest.mark.parametrize("value", ["ä 😀", 2**63 - 1, -(2**63), [1.5, None, True], {"a": {"b": [0]}}])
def test_what_can_be_sent_is_sent_as_it_is(value):
    assert sendable(value) is value
