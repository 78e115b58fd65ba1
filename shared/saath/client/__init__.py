"""For bots, tools and subscribers: no topic, key, header or offset in sight."""

from saath.client.answers import Answer, Done, Handoff, Pass, Reply, request_for
from saath.client.bot import Bot
from saath.client.connection import ClientSettings
from saath.client.sender import Commander, Sender
from saath.client.subscriber import Subscriber

__all__ = [
    "Answer",
    "Bot",
    "ClientSettings",
    "Commander",
    "Done",
    "Handoff",
    "Pass",
    "Reply",
    "Sender",
    "Subscriber",
    "request_for",
]
