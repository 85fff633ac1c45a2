from demo.tabs.train.freezing import PRESETS
from demo.training.planner import Forecast
from demo.views.training.plan import advice, plan_card, warning_list

FORECAST = Forecast(
    parts={"embeddings": 10},
    trained_parameters=3,
    steps=140,
    draws={"topic": 81, "<b>": 59},
    seconds=11.2,
    memory_bytes=613_000_000,
    cache_bytes=8_600_000,
    checkpoint_bytes=14_800_000,
    warnings=("topic: <few>",),
    advised="last_layers",
    reasons=("342 training examples", "words & tags"),
)


def test_a_plan_says_steps_time_memory_size_and_shares():
    html = plan_card(FORECAST)
    for piece in (
        "140",
        "about 11 s",
        "613 MB",
        "14.8 MB",
        "8.6 MB",
        "<bdi>topic</bdi> 58%",
        "<bdi>&lt;b&gt;</bdi> 42%",
        'data-state="measured"',
    ):
        assert piece in html


def test_a_plan_that_is_measured_keeps_its_place():
    assert plan_card(None).count("<dd>…</dd>") == 4
    assert 'data-state="waiting"' in plan_card(FORECAST, note="Measuring")


def test_advice_is_named_as_in_the_form_with_its_reasons():
    html = advice(FORECAST, PRESETS)
    assert "Advice: last layers" in html
    assert "because 342 training examples; words &amp; tags." in html


def test_every_warning_has_its_line():
    assert "<li>topic: &lt;few&gt;</li>" in warning_list(FORECAST.warnings)
    assert "1 warning<" in warning_list(FORECAST.warnings)
    assert warning_list(()) == ""
