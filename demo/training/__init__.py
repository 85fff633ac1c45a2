"""From the fields of a form to a recipe and back: data, network, freezing, plan. No gradio."""
