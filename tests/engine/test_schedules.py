"""Schedules: where each removal goes down to, between two operating points."""

import pytest

from backend.domain.schedules import CubicSchedule
from worker.engine.catalogue import SCHEDULES

SPEC_TYPES = sorted(SCHEDULES.spec_types, key=lambda spec: spec.__name__)


@pytest.mark.parametrize("spec", SPEC_TYPES)
def test_a_schedule_never_goes_up_and_ends_at_the_operating_point(spec):
    schedule = SCHEDULES.make(spec())
    levels = [schedule.level(0.8, 0.3, removal) for removal in range(schedule.removals)]
    assert levels == sorted(levels, reverse=True)
    assert all(0.3 <= level <= 0.8 for level in levels)
    assert levels[-1] == 0.3
    assert schedule.level(0.8, 0.3, schedule.removals + 5) == 0.3


def test_the_cubic_schedule_is_the_papers_equation():
    """Four removals from sparsity 0 to 0.8: 0.8 (1 - (3/4)^3), 0.8 (1 - (1/2)^3), 0.8 (1 - (1/4)^3), 0.8."""
    schedule = SCHEDULES.make(CubicSchedule(removals=4))
    sparsities = [1 - schedule.level(1.0, 0.2, removal) for removal in range(4)]
    assert sparsities == pytest.approx([0.4625, 0.7, 0.7875, 0.8])
