"""The appearance of the page: one theme on an 8-pixel grid, and the style sheets of our own elements."""

import gradio as gr

from demo.assets import ASSETS

STYLE = ASSETS / "page.css"
STYLES = [STYLE, *sorted(set(ASSETS.rglob("*.css")) - {STYLE})]
"""The style sheet of the page, and those of its parts."""
ICON = ASSETS / "favicon.svg"

_SPACING = gr.themes.Size(xxs="2px", xs="4px", sm="4px", md="8px", lg="8px", xl="16px", xxl="24px", name="grid8")
_RADIUS = gr.themes.Size(xxs="2px", xs="4px", sm="4px", md="6px", lg="8px", xl="8px", xxl="12px", name="soft")
_TEXT = gr.themes.Size(xxs="11px", xs="12px", sm="13px", md="14px", lg="16px", xl="20px", xxl="24px", name="scale")
_WEIGHTS = (400, 700)
"""The semi-bold fonts in Gradio lack most letters, so headings would mix two fonts."""
_BLUE = gr.themes.Color(
    name="okabe-blue",
    c50="#eef6fb",
    c100="#d9ebf6",
    c200="#b0d6ec",
    c300="#7fbbdd",
    c400="#4499c9",
    c500="#0072b2",
    c600="#00629a",
    c700="#005282",
    c800="#00416a",
    c900="#003150",
    c950="#002138",
)
_SLATE = gr.themes.Color(
    name="calm-slate",
    c50="#f7f8f9",
    c100="#eef0f2",
    c200="#dfe3e7",
    c300="#c6cdd4",
    c400="#98a2ad",
    c500="#65707c",
    c600="#4c5661",
    c700="#363f48",
    c800="#242a31",
    c900="#1a1f25",
    c950="#12161b",
)


def build_theme() -> gr.themes.Base:
    """The theme, with fonts that Gradio serves itself, so that no network access is needed."""
    theme = gr.themes.Base(
        primary_hue=_BLUE,
        secondary_hue=_BLUE,
        neutral_hue=_SLATE,
        spacing_size=_SPACING,
        radius_size=_RADIUS,
        text_size=_TEXT,
        font=(gr.themes.LocalFont("IBM Plex Sans", weights=_WEIGHTS), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(gr.themes.LocalFont("IBM Plex Mono", weights=_WEIGHTS), "ui-monospace", "Consolas", "monospace"),
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_900",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_border_width_dark="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_300",
        block_title_text_size="*text_sm",
        block_title_text_weight="400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        block_padding="0px",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_padding="8px 12px",
        input_radius="6px",
        input_shadow="none",
        input_shadow_focus="none",
        layout_gap="16px",
        form_gap_width="16px",
        button_primary_background_fill="*primary_500",
        button_primary_background_fill_hover="*primary_600",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_400",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        button_large_text_weight="600",
        button_medium_text_weight="600",
        button_small_text_weight="400",
        button_small_padding="4px 12px",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_950",
        checkbox_label_border_color="*neutral_300",
        checkbox_label_border_color_dark="*neutral_700",
        checkbox_label_border_color_selected="*primary_500",
        checkbox_label_border_color_selected_dark="*primary_400",
        checkbox_label_border_width="1px",
        checkbox_label_padding="8px 12px",
        checkbox_label_shadow="none",
        checkbox_background_color_selected="*primary_500",
        checkbox_background_color_selected_dark="*primary_500",
        checkbox_border_color_selected="*primary_500",
        checkbox_border_color_selected_dark="*primary_500",
        slider_color="*primary_500",
        slider_color_dark="*primary_400",
    )
