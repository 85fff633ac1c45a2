import random

import anyio
import pytest

from demo.serving import forms
from demo.serving.forms import LEAST_BYTES, MOST_FILES, TooManyFiles
from mtl.serving import bodies
from mtl.serving.bodies import TooLarge, TooSlow
from tests.coroutines import run

BOUNDARY = b"aXbX"


def _form(files: int, content: bytes = b"x") -> bytes:
    head = b'--%s\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' % BOUNDARY
    return (head + content + b"\r\n") * files + b"--%s--\r\n" % BOUNDARY


def _pass(form: bytes, cuts: list[int], limit: int = 10**9) -> list[int]:
    ends = [*sorted(cuts), len(form)]
    parts = [form[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    waiting, counted = iter(parts), []

    async def receive():
        return {"type": "http.request", "body": next(waiting), "more_body": True}

    async def reading():
        again = forms.measured(receive, boundary=BOUNDARY, limit=limit, count=counted.append)
        return b"".join([(await again())["body"] for _ in parts])

    assert run(reading) == form
    return counted


@pytest.mark.parametrize("seed", range(20))
def test_every_file_is_counted_wherever_the_parts_are_cut(seed):
    chance = random.Random(seed)
    form = _form(MOST_FILES)
    cuts = [chance.randrange(len(form)) for _ in range(chance.choice([0, 1, 50, len(form)]))]
    assert sum(_pass(form, cuts)) >= (MOST_FILES + 1) * LEAST_BYTES
    with pytest.raises(TooManyFiles):
        _pass(_form(MOST_FILES + 1), cuts)


def test_bytes_are_counted():
    content = b"y" * 1_000_000
    assert sum(_pass(_form(1, content), [5])) >= len(content)
    with pytest.raises(TooLarge):
        _pass(_form(1, content), [5], limit=len(content))


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "\xff"])
def test_what_is_no_form_has_no_boundary(kind):
    assert forms.boundary_of(kind) == b""
    assert forms.boundary_of('multipart/form-data; boundary="a b"') == b"a b"


def test_a_form_that_does_not_come_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "_PATIENCE", 0.0)

    async def reading():
        await forms.measured(anyio.sleep_forever, boundary=BOUNDARY, limit=10, count=lambda _: None)()

    with pytest.raises(TooSlow):
        run(reading)
