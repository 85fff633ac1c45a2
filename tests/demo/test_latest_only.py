from copy import deepcopy

from demo.latest_only import LatestOnly


def test_only_the_newest_question_is_answered():
    requests = LatestOnly()
    first, second = requests.begin(), requests.begin()
    assert not requests.is_latest(first)
    assert requests.is_latest(second)


def test_every_visitor_has_turns_of_their_own():
    given = LatestOnly()
    ann, ben = deepcopy(given), deepcopy(given)
    number = ann.begin()
    ben.begin()
    ben.begin()
    assert ann.is_latest(number)
