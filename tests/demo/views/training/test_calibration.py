import pytest

from demo.views.training.calibration import reliability_figure, risk_figure
from mtl.evaluation import CalibrationCurves
from mtl.metrics.calibration import ReliabilityBin, RiskPoint

MANY = CalibrationCurves(
    (ReliabilityBin(0.2, 0.1, 10), ReliabilityBin(0.9, 0.8, 1000)), (RiskPoint(0.5, 0.0), RiskPoint(1.0, 0.2)), 0.0086
)
ONE = CalibrationCurves((ReliabilityBin(1.0, 1.0, 1),), (RiskPoint(1.0, 0.0),), 0.0)


def test_points_are_those_of_the_curves():
    _, line = reliability_figure(MANY).data
    assert (list(line.x), list(line.y), list(line.customdata)) == ([0.2, 0.9], [0.1, 0.8], [10, 1000])
    assert line.marker.size[0] < line.marker.size[1]
    assert "by chance alone: 0.009" in reliability_figure(MANY).layout.xaxis.title.text
    (line,) = risk_figure(MANY).data
    assert (list(line.x), list(line.y)) == ([0.5, 1.0], [0.0, 0.2])


@pytest.mark.parametrize("figure", [reliability_figure, risk_figure])
def test_a_single_decision_is_seen(figure):
    assert "markers" in figure(ONE).data[-1].mode
    low, high = figure(ONE).layout.yaxis.range
    assert low < high
