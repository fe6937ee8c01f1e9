"""The order for a sample network: train a reference network of the zoo, so that there is something to prune."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from backend.domain.spec import Spec

SampleArchitecture = Literal["lenet300", "lenet5", "vgg_small_bn", "resnet20"]


class SampleOrder(Spec):
    """Train one of the reference networks on a built-in dataset."""

    architecture: SampleArchitecture = Field(description="Reference network.")
    epochs: PositiveInt | None = Field(
        None, le=1000, description="Passes over the training data; by default what the network needs."
    )
    batch_size: PositiveInt = Field(128, le=65_536, description="Examples per mini-batch.")
    learning_rate: PositiveFloat | None = Field(
        None, le=10.0, description="Peak step size; by default what the network needs."
    )
    seed: NonNegativeInt = Field(0, le=2**31 - 1, description="Decides initialization, split and order.")
