"""Input of visitors: typed and uploaded sentences, files that become tasks, and examples."""
