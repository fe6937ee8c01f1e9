"""What a preset is."""

from backend.domain.recipe import Recipe
from backend.domain.spec import Spec


class Preset(Spec):
    """A named recipe that a user can start from."""

    name: str
    title: str
    summary: str
    citation: str
    is_baseline: bool
    recipe: Recipe
    family: str = ""
    """Title of the family it is offered under; the package of presets fills it in."""
