"""The 8x8 digits that come with scikit-learn (UCI optical recognition of handwritten digits, test part)."""

import numpy as np
from sklearn.datasets import load_digits as load_from_scikit_learn

from worker.data.labeled import LabeledImages

LARGEST_VALUE = 16
LARGEST_PIXEL = 255
TEST_STRIDE = 5
"""Every fifth example is a test example: the source has no split of its own, and it is sorted by writer."""


def load_digits() -> LabeledImages:
    """1,438 training and 359 test images of (1, 8, 8), values 0 to 16 stretched to 0 to 255."""
    source = load_from_scikit_learn()
    pixels = np.rint(source.images * (LARGEST_PIXEL / LARGEST_VALUE)).astype(np.uint8)[:, None]
    labels = source.target.astype(np.int64)
    is_test = np.arange(len(labels)) % TEST_STRIDE == TEST_STRIDE - 1
    return LabeledImages(
        x_train=pixels[~is_test],
        y_train=labels[~is_test],
        x_test=pixels[is_test],
        y_test=labels[is_test],
        class_names=tuple(str(name) for name in source.target_names),
    )
