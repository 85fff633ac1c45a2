"""Predictions as bars, marked text, tables and reports."""
