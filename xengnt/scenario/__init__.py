# SPDX-License-Identifier: MIT
"""Scenarios: set-up, calls and what is expected of them, as JSON Lines.

A recording is a scenario whose expectations are what was seen.

Imports ``xengnt.errors``, ``xengnt.codec``, ``xengnt.findings``.
"""

from xengnt.scenario.call import Call
from xengnt.scenario.document import FORMAT, Scenario
from xengnt.scenario.player import Player, play
from xengnt.scenario.world import Actor, World

__all__ = ["FORMAT", "Actor", "Call", "Player", "Scenario", "World", "play"]
