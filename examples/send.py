"""Send a message that answers no turn: python examples/send.py PHONE_NUMBER_ID CUSTOMER WORDS"""

import asyncio
import sys

from saath import Sender


async def main(number: str, to: str, text: str) -> None:
    async with Sender() as sender:
        # The same id is sent once, however often you ask: use your order's, your ticket's.
        request = await sender.send(number=number, to=to, text=text, message_class="utility")
    print("asked for; its outcomes will carry request", request)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:4]))
