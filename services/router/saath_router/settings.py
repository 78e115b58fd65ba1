"""The router's settings. See the README beside this package for what each is for."""

from datetime import timedelta

from pydantic import Field, SecretStr

from saath.events import Answers
from saath.settings import SecretList, Section, Settings
from saath_router.policy import Policy
from saath_router.texts import normalised_all


class RouterSection(Section):
    """How numbers are answered that do not say it themselves."""

    answers: Answers = "nobody"
    bot: str = Field(default="bot", min_length=1)
    human_hold_seconds: float = Field(default=12 * 3600, gt=0)
    turn_deadline_seconds: float = Field(default=120, gt=0)
    turn_age_max_seconds: float = Field(default=15 * 60, gt=0)
    automatic_texts: tuple[str, ...] = ()
    auto_reply_window_seconds: float = Field(default=10, ge=0, le=60)
    bot_reply_within_seconds: float = Field(default=60, ge=0)
    silent_bot_hold_seconds: float = Field(default=15 * 60, gt=0)
    human_reply_within_seconds: float = Field(default=15 * 60, ge=0)

    def policy(self) -> Policy:
        """These settings as the rules read them."""
        return Policy(
            answers=self.answers,
            bot=self.bot,
            human_hold=timedelta(seconds=self.human_hold_seconds),
            turn_deadline=timedelta(seconds=self.turn_deadline_seconds),
            turn_age_max=timedelta(seconds=self.turn_age_max_seconds),
            automatic_texts=normalised_all(self.automatic_texts),
            auto_reply_window=timedelta(seconds=self.auto_reply_window_seconds),
            bot_reply_within=timedelta(seconds=self.bot_reply_within_seconds),
            silent_bot_hold=timedelta(seconds=self.silent_bot_hold_seconds),
            human_reply_within=timedelta(seconds=self.human_reply_within_seconds),
        )


class RouterSettings(Settings):
    """
    What the router reads from the environment.

    ``installation_key`` names conversations and may never change. ``turn_keys`` sign turns, newest
    first; the sender has the same.
    """

    installation_key: SecretStr = Field(min_length=16)
    turn_keys: SecretList
    router: RouterSection = RouterSection()
