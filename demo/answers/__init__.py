"""Loaded models, their predictions, and the comparison with gold labels. No gradio."""
