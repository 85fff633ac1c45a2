from threading import Event, Thread

from mtl.inference.short_requests import ShortRequests

FOR_EVER = 300.0
PATIENCE = 30


def test_a_long_request_gives_way_until_every_short_one_is_answered():
    requests = ShortRequests(most_seconds=FOR_EVER)
    went_on = Event()

    def long():
        requests.give_way()
        went_on.set()

    with requests.one():
        with requests.one():
            thread = Thread(target=long)
            thread.start()
        assert not went_on.is_set()
    assert went_on.wait(PATIENCE)
    thread.join()


def test_nobody_waits_where_there_is_no_short_request():
    requests = ShortRequests(most_seconds=FOR_EVER)
    requests.give_way()
    with requests.one():
        pass
    requests.give_way()


def test_short_requests_without_end_do_not_stop_a_long_one():
    requests = ShortRequests(most_seconds=0.0)
    with requests.one():
        requests.give_way()


def test_a_short_request_that_fails_is_none_any_more():
    requests = ShortRequests(most_seconds=FOR_EVER)
    try:
        with requests.one():
            raise ValueError
    except ValueError:
        requests.give_way()
