"""A bot in fifteen lines: it repeats what it is told, and fetches a person when it is asked to."""

from saath import Bot, Done, Handoff, Reply, TurnOffered

bot = Bot("echo")


@bot.on_turn(concurrency=200)
async def answer(turn: TurnOffered) -> Reply | Handoff | Done:
    if "person" in turn.text.lower():
        return Reply("I am fetching somebody.").then_handoff("asked for a person", turn.text)
    return Reply(f"You said: {turn.text}") if turn.text else Done()


if __name__ == "__main__":
    bot.run()
