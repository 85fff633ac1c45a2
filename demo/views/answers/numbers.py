"""The values of one embedding."""

import numpy as np
from numpy.typing import NDArray

_HEIGHT = 96


def number_strip(vector: NDArray[np.float32]) -> str:
    """An embedding `(H,)` as bars and as numbers."""
    largest = float(np.abs(vector).max()) or 1.0
    middle = _HEIGHT / 2
    bars = "".join(f"M{i + 0.5:g} {middle:g}V{middle - value / largest * middle:.1f}" for i, value in enumerate(vector))
    numbers = " ".join(f"{value:.4f}" for value in vector)
    about = f"{len(vector)} numbers, length {np.linalg.norm(vector):.3f}, from {vector.min():.3f} to {vector.max():.3f}"
    return (
        f'<svg class="ph-strip" viewBox="0 0 {len(vector)} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{len(vector)} numbers as bars"><path d="{bars}"/></svg>'
        f'<p class="ph-note">{about}</p>'
        f'<pre class="ph-numbers" tabindex="0" aria-label="Embedding values">{numbers}</pre>'
    )
