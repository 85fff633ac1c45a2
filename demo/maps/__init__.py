"""Embedding spaces: places, groups, neighbours, and what moves between two of them. No gradio."""
