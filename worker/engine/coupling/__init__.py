"""Which channels live and die together, found by following channel identities through the graph."""

from worker.engine.coupling.cells import CellSite
from worker.engine.coupling.gates import GateSite
from worker.engine.coupling.groups import ChannelGroup, Lock, Member, find_groups, find_locks

__all__ = ["CellSite", "ChannelGroup", "GateSite", "Lock", "Member", "find_groups", "find_locks"]
