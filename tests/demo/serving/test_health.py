from demo.serving import health
from demo.serving.health import Health


def test_a_report_is_made_once_for_many_who_ask(monkeypatch):
    looked = []
    one = Health(sessions=lambda: 3, runs=lambda: looked.append(1) or (1, 2))
    reports = [one.report() for _ in range(50)]
    assert len(looked) == 1 and all(report == reports[0] for report in reports)
    assert reports[0]["sessions"] == 3 and reports[0]["runs"] == {"live": 1, "waiting": 2}
    monkeypatch.setattr(health, "_FRESH", 0.0)
    one.report()
    assert len(looked) == 2
