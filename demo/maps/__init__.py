"""Embedding spaces: projections, groups, neighbours, and the differences between two spaces. No gradio."""
