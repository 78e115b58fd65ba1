"""Follow the event log: who wrote, and who answers now."""

import asyncio

from saath import Subscriber
from saath.events import MessageReceived, OwnerChanged


async def main() -> None:
    async with Subscriber("examples-crm", MessageReceived, OwnerChanged) as events:
        async for event in events:
            match event:
                case MessageReceived():
                    print(event.time, event.conversation, "wrote a", event.content.type)
                case OwnerChanged():
                    print(event.time, event.conversation, "->", event.owner, f"({event.reason})")


if __name__ == "__main__":
    asyncio.run(main())
