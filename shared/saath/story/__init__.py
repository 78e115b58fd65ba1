"""
What happened in a conversation, told to people: why a bot spoke, why it did not, who has it now.

Pure, and made from the public topics alone: whoever can read them can tell the same story.
"""

from saath.story.answers import answer
from saath.story.log import Logged, Story, in_order, is_named
from saath.story.names import shortened
from saath.story.speech import Speech, span
from saath.story.state import State, state_after, with_record
from saath.story.steps import Step, folded, tell
from saath.story.written import Written

__all__ = [
    "Logged",
    "Speech",
    "State",
    "Step",
    "Story",
    "Written",
    "answer",
    "folded",
    "in_order",
    "is_named",
    "shortened",
    "span",
    "state_after",
    "tell",
    "with_record",
]
