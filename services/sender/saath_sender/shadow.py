"""A bot on trial: what it would have said is told at once. It is never begun, so nothing can leave."""

from saath_sender import outcomes
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.jobs import Job


def tell(job: Job, books: Books, now: Now) -> None:
    """
    End *job*, which answers a shadow's turn, with an outcome for each message.

    It waits for no slot, no lease and no fence: none of them guards what is not sent. What it wished to
    happen after its messages, happens to nobody.
    """
    while job.index < job.request.total:
        message = job.message(None)
        outcome = outcomes.shadowed if job.request.contents else outcomes.closed
        books.end(job, outcome(message, now.wall), now.wall)
