"""The sender put together: resources opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from prometheus_client import REGISTRY

from saath.errors import Misconfigured
from saath.events import CredentialRecorded, NumberRecorded
from saath.grants import Grants
from saath.graph import GraphClient
from saath.kafka.startup import once_whole, started
from saath.secrets import vault_of
from saath.service import Worker
from saath.tokens import TurnTokens
from saath.topics import CREDENTIALS, NUMBERS, OUTBOUND
from saath_sender.credentials import Credentials
from saath_sender.gauges import Gauges
from saath_sender.granting import GrantRules
from saath_sender.installation import Installation
from saath_sender.partition import Outside, PartitionRun
from saath_sender.settings import SenderSettings


@asynccontextmanager
async def resources(
    settings: SenderSettings, stopping: asyncio.Event
) -> AsyncIterator[Sequence[Worker]]:
    """
    Everything the sender needs, as long as it runs; yields its workers.

    Raises:
        Misconfigured: there is neither a system token nor a key to read the numbers' own with; or grants
            are asked for, and there is no key to check them with.
    """
    vault = vault_of(settings.credentials)
    if settings.graph.access_token is None and vault is None:
        raise Misconfigured(
            "set SAATH_GRAPH__ACCESS_TOKEN (one system token for all numbers) or "
            "SAATH_CREDENTIALS__KEYS (to read each number's own)"
        )
    tokens, grants = TurnTokens(settings.turn_keys.values()), grant_rules(settings)
    async with (
        started("sender", settings, stopping) as connected,
        GraphClient(settings.graph) as graph,
        AsyncExitStack() as opened,
    ):
        if connected is None:
            yield []
            return
        numbers = connected.table(NUMBERS, NumberRecorded)
        stored = connected.table(CREDENTIALS, CredentialRecorded)
        credentials = Credentials(settings.graph.access_token, stored, vault)
        gauges = Gauges(by_number=settings.sender.number_gauges)
        count, prefix = connected.layout.of(OUTBOUND), settings.topics.prefix
        partitions = PartitionRun(
            Installation(
                tokens.read, numbers.get, count, settings.sender, grants, credentials.name
            ),
            Outside(settings.kafka, prefix, connected.name, graph, credentials.token, gauges),
        )
        membership = connected.membership(OUTBOUND, partitions)
        connected.health.checks = {
            "numbers": numbers.problem,
            "credentials": stored.problem,
            "partitions": membership.problem,
        }
        opened.callback(REGISTRY.unregister, gauges)
        REGISTRY.register(gauges)
        # A number's state first: what is sent without it is sent at the wrong pace. And its token: a
        # number without one would pause.
        yield [numbers, stored, once_whole(numbers, once_whole(stored, membership))]


def grant_rules(settings: SenderSettings) -> GrantRules:
    """
    How grants are checked here.

    Raises:
        Misconfigured: they are asked for, and there is no key to check them with.
    """
    keys, required = settings.grant_keys, settings.sender.granted_topics()
    if keys is None and required:
        raise Misconfigured(
            "SAATH_SENDER__GRANTS_REQUIRED needs SAATH_GRANT_KEYS to check them with"
        )
    return GrantRules(Grants(keys.values()).read if keys else None, required)
