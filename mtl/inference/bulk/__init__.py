"""Files of any size through an engine."""
