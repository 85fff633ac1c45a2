"""The pages of the guide, as Markdown, and the measured figures that they show."""
