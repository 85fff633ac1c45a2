from copy import deepcopy

from demo.latest_only import LatestOnly


def test_only_the_newest_question_is_answered():
    requests = LatestOnly()
    first, second = requests.begin(), requests.begin()
    assert not requests.is_latest(first)
    assert requests.is_latest(second)


def test_requests_count_in_the_order_in_which_they_were_sent():
    requests = LatestOnly()
    newer, older = requests.begin(5), requests.begin(4)
    assert requests.is_latest(newer)
    assert not requests.is_latest(older)
    assert requests.is_latest(requests.begin())


def test_every_visitor_has_turns_of_their_own():
    given = LatestOnly()
    ann, ben = deepcopy(given), deepcopy(given)
    number = ann.begin()
    ben.begin()
    ben.begin()
    assert ann.is_latest(number)
