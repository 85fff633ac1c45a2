"""A plan as a card: steps, time, memory, size, advice and warnings."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.training.planner import Forecast
from demo.views.training.format import draw_shares, duration, megabytes
from mtl.recipe import Preset


def steps_of(forecast: Forecast) -> str:
    """How many steps a plan has."""
    return f"{'at most ' if forecast.is_upper_bound else ''}{forecast.steps:,}"


def plan_card(forecast: Forecast | None, *, note: str = "") -> str:
    """The figures of a plan, or a note without a plan; both have the same height."""
    if forecast is None:
        figures = [("steps", "…"), ("time", "…"), ("memory", "…"), ("checkpoint", "…")]
    else:
        figures = [
            ("steps", steps_of(forecast)),
            ("time", f"about {duration(forecast.seconds)}" if forecast.steps else "no training"),
            ("memory", f"{forecast.memory_bytes / 1e6:,.0f} MB"),
            ("checkpoint", megabytes(forecast.checkpoint_bytes)),
        ]
        if forecast.cache_bytes:
            figures.append(("cache on disk", megabytes(forecast.cache_bytes)))
    cells = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in figures)
    shares = draw_shares(forecast.draws) if forecast and forecast.steps else '<div class="ph-shares"></div>'
    remark = note or "Measured on a few batches on this machine. Training has not started."
    state = "measured" if forecast and not note else "waiting"
    return (
        f'<section class="ph-card ph-plan" data-state="{state}"><dl class="ph-plan-figures">{cells}</dl>{shares}'
        f'<p class="ph-note" role="status">{escape(remark)}</p></section>'
    )


def advice(forecast: Forecast | None, names: Mapping[Preset, str]) -> str:
    """The recommended freezing and the reasons; `names` are the names of presets in the form."""
    if forecast is None:
        return '<p class="ph-advice"><strong>Advice</strong> appears with the plan.</p>'
    name = names[Preset(forecast.advised)].partition(":")[0]
    return (
        f'<p class="ph-advice"><strong>Advice: {escape(name.lower())}</strong>, because '
        f"{escape('; '.join(forecast.reasons))}.</p>"
    )


def warning_list(warnings: Sequence[str]) -> str:
    """The warnings about the data, one per line."""
    rows = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    count = f"{len(warnings)} {'warning' if len(warnings) == 1 else 'warnings'}"
    return f'<div class="ph-warnings"><strong>{count}</strong><ul>{rows}</ul></div>' if warnings else ""
