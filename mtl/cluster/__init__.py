"""Files of any size through engines on a Ray cluster; torch and Ray load only when work begins."""

from mtl.cluster.options import ClusterOptions

__all__ = ["ClusterOptions"]
