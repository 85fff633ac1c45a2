"""Trained models written for other tools; a format is a function that writes a loaded model into a folder."""

from mtl.exports.export import export
from mtl.exports.formats import FORMATS
from mtl.exports.report import ExportLog, ExportReport

__all__ = ["FORMATS", "ExportLog", "ExportReport", "export"]
