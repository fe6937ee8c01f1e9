"""Which channels live and die together, found by following channel identities through the graph."""

from worker.engine.coupling.gates import GateSite
from worker.engine.coupling.groups import ChannelGroup, Member, find_groups

__all__ = ["ChannelGroup", "GateSite", "Member", "find_groups"]
