"""Loaded models and what they say of texts, beside what is right. No gradio."""
