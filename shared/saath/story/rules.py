"""The router's rules, said to people. Pure."""

# What the router writes in one word, as the end of a sentence. Of a newer router's word its own must do.
_RULES = {
    # Who answers a customer's message.
    "answers_nobody": "bots answer nobody on this number",
    "needs_no_answer": "such a message needs no answer",
    "history_pending": "the phone's history is not in, so nobody can tell who is a new contact",
    "known_contact": "the phone's address book or history has this contact; bots answer new ones",
    "shadow": "bots answer on trial here, and nothing of it is sent",
    "human_holds": "a person has the conversation",
    "meta_holds": "Meta's own agent has the conversation",
    "old_message": "it was old when it was read, as after an outage",
    "waits_for_echoes": "it came late, and a person may have answered meanwhile",
    "waits_for_more": "the customer may write more",
    "first_message": "nobody had the conversation yet",
    "lease_over": "the person has been quiet for so long that the bot has it again",
    "meta_let_go": "Meta's own agent has let go of it",
    "bot_holds": "the bot has the conversation",
    "another_bot": "the number's rules name this bot for such a message",
    "handoff_rule": "a rule of the number gives such a message to a person",
    # What follows from an echo.
    "echo": "whoever answers from the phone has the conversation",
    "automatic": "the app writes that by itself, so it takes nothing over",
    "release_word": "it is the word that gives the conversation back to the bot",
    "late": "it takes nothing over: it is older than the last change of hands, or than a lease",
    "no_message": "it takes nothing over, being no message",
    "greeting_known": "the app's own greeting had taken it over, and is known as one by now",
    # What follows from a send, a command, a clock, thread control, or from two being one.
    "person_sent": "a person answered with a tool",
    "bot_handed_over": "the bot asked for a person",
    "bot_passed_on": "the bot passed it on to another",
    "not_sent": "the bot's answer was not sent",
    "taken_over": "a person took it by command",
    "released": "it was given back by command",
    "released_to": "it was given by command to the bot that was named",
    "bot_silent": "the bot said nothing in time",
    "person_late": "the customer had waited too long for a person",
    "meta_took": "Meta's own agent answers",
    "merged": "two conversations were one customer's",
    # Of a fact that may not act.
    "history": "history never acts",
    "too_old": "it is so old that nobody can tell whether it has acted before",
    "redriven": "it was written again from a dead-letter topic, and not told to act",
    "unreadable": "the customer wrote what nobody here could read",
    # Of the service window.
    "its_time_was_over": "24 hours had passed since the customer wrote",
    "meta_said_so": "Meta said so (131047)",
}


def in_words(rule: str) -> str:
    """What *rule* says, as the end of a sentence."""
    return _RULES.get(rule) or rule.replace("_", " ")
