import pytest

from demo.serving import visitor


def test_the_cookie_of_a_fresh_token_is_read_back():
    token = visitor.new_token()
    assert (
        visitor.token_in(f"other=1; {visitor.cookie_header(token, secure=False, framed=False).split(';')[0]}") == token
    )


@pytest.mark.parametrize(
    "sent", ["", "polyhead_owner=", "polyhead_owner=short", "polyhead_owner=" + "a" * 44, "\x00=;;"]
)
def test_a_cookie_that_this_server_cannot_have_made_owns_nothing(sent):
    assert visitor.token_in(sent) == ""


def test_scripts_cannot_read_the_cookie_and_other_sites_get_it_only_where_the_page_is_framed():
    plain = visitor.cookie_header("t", secure=True, framed=False)
    framed = visitor.cookie_header("t", secure=True, framed=True)
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" in plain
    assert "HttpOnly" in framed and "SameSite=None" in framed and "Partitioned" in framed and "Secure" in framed


def test_an_account_owns_the_same_on_every_device_and_its_name_proves_nothing():
    session = {"oauth_info": {"userinfo": {"sub": "123", "preferred_username": "ada"}}}
    owner = visitor.token_of_account(session, "secret")
    assert owner == visitor.token_of_account(session, "secret") and len(owner) == 43
    assert owner != visitor.token_of_account(session, "another secret")
    assert visitor.token_of_account(session, "") == visitor.token_of_account({}, "secret") == ""
