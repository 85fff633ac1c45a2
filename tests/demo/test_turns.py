from copy import deepcopy

from demo.turns import Turns


def test_only_the_newest_question_is_answered():
    turns = Turns()
    first, second = turns.take(), turns.take()
    assert not turns.is_last(first)
    assert turns.is_last(second)


def test_every_visitor_has_turns_of_their_own():
    given = Turns()
    ann, ben = deepcopy(given), deepcopy(given)
    number = ann.take()
    ben.take()
    ben.take()
    assert ann.is_last(number)
