"""Experiment trackers: TensorBoard, trackio, Weights & Biases and MLflow, through those of Accelerate."""

from mtl.tracking.figures import figures_of, settings_of
from mtl.tracking.listener import TrackingListener, need_trackers

__all__ = ["TrackingListener", "figures_of", "need_trackers", "settings_of"]
