"""What a person sends to many: it waits for what was asked before it, and for nothing after it."""

from tests.unit.sender.facts import NUMBER, PHONE, TEMPLATE, TEXT
from tests.unit.sender.test_sender import Partition

from saath.topics import OUTBOUND_PEOPLE
from saath_sender.results import Accepted


def test_a_persons_marketing_does_not_wait_for_what_they_ask_after_it() -> None:
    p = Partition()
    p.handler.fresh_until = p.handler.read_through = p.seconds + 60
    whose = {"number": NUMBER, "to": PHONE}
    p.asked(OUTBOUND_PEOPLE, id="news", messages=[TEMPLATE], **whose, **{"class": "marketing"})
    p.asked(OUTBOUND_PEOPLE, id="words", messages=[TEXT], **whose, **{"class": "reply"})

    sent = []
    for _ in range(2):
        p.commit()
        for flight in p.chooser.due(p.now):
            sent.append(flight.job.request.id)
            flight.leave(p.seconds)
            p.chooser.answered(flight, Accepted(f"wamid.{len(sent)}"), p.now)
        p.seconds += 1

    assert sent == ["news", "words"]
