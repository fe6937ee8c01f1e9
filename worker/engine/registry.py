"""A table from spec type to the implementation that fulfils it."""

from collections.abc import Callable
from typing import Generic, TypeVar

from backend.domain.spec import Spec

Method = TypeVar("Method")
Maker = TypeVar("Maker", bound=Callable[..., object])


class Registry(Generic[Method]):
    """Implementations of one axis of the recipe (criteria, costs ...), by the type of their spec."""

    def __init__(self, axis: str) -> None:
        self.axis = axis
        self._makers: dict[type[Spec], Callable[..., Method]] = {}

    def register(self, spec_type: type[Spec]) -> Callable[[Maker], Maker]:
        """Register the decorated class or function, called with a spec, for `spec_type`; a second one raises."""

        def keep(maker: Maker) -> Maker:
            if spec_type in self._makers:
                raise ValueError(f"{self.axis}: {spec_type.__name__} is registered twice")
            self._makers[spec_type] = maker  # type: ignore[assignment]  # the Protocol is checked where it is used
            return maker

        return keep

    def make(self, spec: Spec) -> Method:
        """Build the implementation of a spec; KeyError names the axis when there is none."""
        maker = self._makers.get(type(spec))
        if maker is None:
            raise KeyError(f"{self.axis}: nothing is registered for {type(spec).__name__}")
        return maker(spec)

    @property
    def spec_types(self) -> frozenset[type[Spec]]:
        """Spec types that have an implementation."""
        return frozenset(self._makers)
