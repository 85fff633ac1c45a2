"""Pure functions from predictions to figures, tables and HTML."""
