"""How a request that is not sent ends, with an outcome for each message that is left, or waits again."""

from saath.events import OwnershipRecorded, Problem
from saath_sender import outcomes
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.decide import Decision, Expire, Refuse, Supersede
from saath_sender.jobs import Job


def stop(
    job: Job, decision: Decision, owner: OwnershipRecorded | None, books: Books, now: Now
) -> None:
    """It is never sent, and neither is what follows it in its request."""
    while job.index < job.request.total:
        message = job.message(owner)
        match decision:
            case Supersede(reason) | Refuse(reason) if job.attempt > 1:
                outcome = outcomes.dropped(message, f"not sent again: {reason}", now.wall)
            case Expire() if job.attempt > 1:
                reason = "not sent again: its time has long passed"
                outcome = outcomes.dropped(message, reason, now.wall)
            case Supersede(reason):
                outcome = outcomes.superseded(message, reason, now.wall)
            case Refuse(reason, pointer):
                outcome = outcomes.refused(message, reason, pointer, now.wall)
            case Expire():
                outcome = outcomes.expired(message, now.wall)
            case _:
                raise TypeError(f"{decision} does not end anything")
        books.end(job, outcome, now.wall)


def reject(
    job: Job, problem: Problem, owner: OwnershipRecorded | None, books: Books, now: Now
) -> None:
    """Neither is what follows it sent; but words are, which follow a read mark."""
    alone = job.is_mark
    while job.index < job.request.total:
        message = job.message(owner)
        if job.attempt > 1:
            # Meta did not take the second attempt; of the first nobody knows.
            reason = f"sent again and not taken (error {problem.code})"
            outcome = outcomes.dropped(message, reason, now.wall)
        else:
            outcome = outcomes.rejected(message, problem, now.wall)
        books.end(job, outcome, now.wall)
        if alone:
            return


def put_back(job: Job, seconds: float, books: Books, now: Now) -> None:
    """It waits again; not for longer than it may, for then it has an outcome."""
    left = (job.request.expires_at - now.wall).total_seconds()
    wait = seconds if job.attempt > 1 else min(seconds, max(0.0, left))
    books.give_back(job, now.boot + wait)
