"""What a person's tool commands. Pure."""

from datetime import datetime

from saath.events import Command, CommandRefused
from saath.identity import digest_id
from saath_router.answering import Around, ask_whoever_waits
from saath_router.conversation import Conversation
from saath_router.facts import Rule, no_call
from saath_router.ownership import Decision, other_bot, take_over
from saath_router.policy import Policy, hold_until
from saath_router.recent import person_wrote_after


def command(
    asked: Command,
    state: Conversation,
    policy: Policy,
    asked_at: datetime,
    now: datetime,
    around: Around,
) -> Decision:
    """
    The facts that follow from a person's command; none where it has been carried out before.

    One that was meant for an ownership that has ended is refused: whoever gave it saw something else.
    """
    if state.has_seen(command_id(asked)):
        return ()
    if asked.epoch is not None and asked.epoch != state.epoch:
        reason = f"the conversation has changed hands since: its epoch is {state.epoch}"
        return (refused(asked, reason, now, "/epoch", state.id),)
    who = f" by {asked.by}" if asked.by else ""
    if asked.command == "take over":
        until = hold_until(policy, asked_at)
        reason = f"taken over{who}"
        return take_over(state, "taken_over", reason, asked.id, asked_at, now, until)
    if state.owner == "human" and person_wrote_after(state.recent, asked_at):
        return (refused(asked, "a person has written since", now, conversation=state.id),)
    rule: Rule = "released_to" if asked.bot else "released"
    return release(
        state, policy, f"released{who}", asked.id, asked_at, now, around, asked.bot, rule
    )


def release(
    state: Conversation,
    policy: Policy,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    around: Around,
    bot: str | None = None,
    rule: Rule = "released",
) -> Decision:
    """The bot has it from now on, and is asked what nobody has answered yet."""
    wanted = bot or (state.bot if state.owner == "bot" else None) or policy.bot
    called_off = no_call(state, cause, now) if state.owner == "bot" else ()
    same = state.owner == "bot" and bot in (None, state.bot)
    if same and not (called_off and state.waiting_since and not state.unattended):
        return called_off
    # Where a person was called because the bot's words were not sent, it is asked anew.
    taken, gained = other_bot(state, wanted, rule, reason, cause, happened, now)
    asked = ask_whoever_waits(
        state, policy, now, cause, around, epoch=taken.epoch, bot=wanted, rule=rule
    )
    return (*gained, *called_off, *asked)


def command_id(asked: Command) -> str:
    """What a command is remembered by, so that a tool may write it twice."""
    return f"command:{asked.id}"


def refused(
    asked: Command,
    reason: str,
    now: datetime,
    pointer: str | None = None,
    conversation: str | None = None,
) -> CommandRefused:
    """The command is not carried out, and why."""
    return CommandRefused(
        id=digest_id("refused_", asked.number, asked.id),
        time=now,
        number=asked.number,
        conversation=conversation or asked.conversation or "unknown",
        causation=asked.id,
        reason=reason,
        pointer=pointer,
    )
