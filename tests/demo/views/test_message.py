from demo.views import message
from tests.demo.fakes import analysis


def test_typed_text_is_escaped_in_every_message():
    for view in (message.problem, message.note, message.empty):
        assert "<img" not in view("<img src=x onerror=alert(1)>")


def test_the_cost_of_one_pass_says_tokens_time_and_that_nothing_was_cut():
    assert "one pass · 4 tokens · 6 ms · nothing cut" in message.cost([analysis("two words")], 0.006)


def test_a_cut_text_says_where():
    assert "cut after character 3 of 9" in message.cost([analysis("two words", cut_at=3)], 0.006)


def test_many_texts_say_how_many_were_cut():
    cost = message.cost([analysis("a"), analysis("b c", cut_at=1)], 0.5)
    assert "2 sentences" in cost
    assert "1 cut" in cost


def test_shorten_keeps_one_line_of_the_length():
    assert message.shorten("a\n b", 10) == "a b"
    assert message.shorten("x" * 20, 10) == "x" * 9 + "…"
