import pytest

from demo.serving.hosts import allowed_names
from mtl.serving import hosts


def _names(host="127.0.0.1", share=False, given=(), **environment):
    return allowed_names(host, share=share, given=given, environment=environment)


@pytest.mark.parametrize("header", ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860"])
def test_a_local_page_answers_to_this_machine(header):
    assert hosts.is_known(header, _names(), any_address=False)


@pytest.mark.parametrize(
    "header",
    [
        "127.0.0.1:<b>",
        "localhost:x",
        "",
        "evil.example",
        "localhost.evil.example:7860",
        "127.0.0.1.evil.example",
        "10.0.0.1",
    ],
)
def test_a_local_page_answers_to_no_other_name(header):
    assert not hosts.is_known(header, _names(), any_address=False)


def test_a_page_on_all_addresses_answers_to_addresses_and_to_given_names():
    names = _names("0.0.0.0", given=["lab.example", ".school.example"])
    known = ["10.1.2.3:7860", "[2001:db8::1]:80", "lab.example", "a.school.example"]
    assert all(hosts.is_known(header, names, any_address=True) for header in known)
    assert not hosts.is_known("evil.example", names, any_address=True)
    assert not hosts.is_known("0.0.0.0.evil.example", names, any_address=True)


def test_a_space_and_a_shared_link_answer_to_their_own_names():
    assert hosts.is_known("someone-lab.hf.space", _names(SPACE_HOST="someone-lab.hf.space"), any_address=False)
    assert hosts.is_known("abc.gradio.live", _names(share=True), any_address=False)
    assert not hosts.is_known("abc.gradio.live", _names(), any_address=False)


@pytest.mark.parametrize(
    "headers,own",
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "http://127.0.0.1:7860", "host": "127.0.0.1:7860"}, True),
        ({"origin": "http://evil.example", "host": "127.0.0.1:7860"}, False),
        ({"origin": "null", "host": "127.0.0.1:7860"}, False),
        ({"origin": "https://other.gradio.live", "host": "mine.gradio.live"}, False),
        ({"origin": "https://mine.gradio.live", "host": "127.0.0.1", "x-forwarded-host": "mine.gradio.live"}, True),
    ],
)
def test_requests_of_other_sites_are_told_from_those_of_the_page(headers, own):
    assert hosts.is_own_site(headers, _names(share=True)) is own
