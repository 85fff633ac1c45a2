"""The pages of the guide as Markdown, and the measured figures on them."""
