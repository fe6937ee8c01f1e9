"""How precisely a network's weights have to be known, by what a regularizer learned of their noise."""

from pydantic import NonNegativeInt, PositiveInt

from backend.domain.spec import Spec


class WeightBits(Spec):
    """An estimate (Louizos et al. 2017); files hold the weights in full."""

    layers: tuple[PositiveInt | None, ...]
    """Bits of one weight in every tracked layer, in the layout's order; None where nothing was learned of it."""
    bytes: NonNegativeInt
    """All tensors, those of which something was learned at these bits in their cheapest form, the others as stored."""

    @property
    def notice(self) -> str:
        """What to know of the number."""
        known = [bits for bits in self.layers if bits is not None]
        if not known:
            return "Nothing was learned of the noise that its weights bear."
        least, most = min(known), max(known)
        span = f"{least}" if least == most else f"{least} to {most}"
        return (
            f"By the noise that they bore before removal, weights need {span} bits in {len(known)} of "
            f"{len(self.layers)} layers, {self.bytes:,} bytes in all: an estimate, not what files hold."
        )
