from types import SimpleNamespace

from demo.serving import sign_in


def test_the_pause_after_wrong_passwords_doubles_and_is_forgotten_in_time():
    now = [0.0]
    throttle = sign_in.Throttle(clock=lambda: now[0])
    pauses = []
    for _ in range(14):
        throttle.begins("a")
        pauses.append(throttle.seconds_left("a"))
    assert pauses[:6] == [0, 0, 1, 2, 4, 8]
    assert pauses[-1] == 300
    assert throttle.seconds_left("b") == 0
    now[0] = 301.0
    assert throttle.seconds_left("a") == 0
    now[0] += 1_200
    throttle.begins("a")
    assert throttle.seconds_left("a") == 0


def test_a_right_password_forgives_no_wrong_ones():
    throttle = sign_in.Throttle(clock=lambda: 0.0)
    for _ in range(2):
        throttle.begins("a")
    throttle.begins("a")
    throttle.succeeded("a")
    assert throttle.seconds_left("a") == 0
    throttle.begins("a")
    assert throttle.seconds_left("a") == 1


def test_only_the_cookie_of_a_sign_in_counts():
    app = SimpleNamespace(auth={"a": "b"}, cookie_id="x", tokens={"t": "a"})
    assert sign_in.is_signed_in(app, "access-token-x=t")
    assert sign_in.is_signed_in(app, "other=1; access-token-unsecure-x=t")
    assert not sign_in.is_signed_in(app, "access-token-x=u")
    assert not sign_in.is_signed_in(app, "")
    assert sign_in.is_signed_in(SimpleNamespace(auth=None), "")


def test_the_newest_sign_ins_are_kept():
    app = SimpleNamespace(tokens={str(number): "a" for number in range(1_500)})
    sign_in.forget_oldest(app)
    assert len(app.tokens) == 1_000 and "1499" in app.tokens
