"""What the Graph API says when it says no. One value each, in one file."""

from typing import Any


class GraphError(Exception):
    """A refusal, in Meta's shape. Throttling comes as HTTP 400; that is Meta's, not a slip."""

    def __init__(
        self, http: int, code: int, message: str, details: str = "", subcode: int | None = None
    ) -> None:
        super().__init__(message)
        self.http = http
        self.code = code
        self.message = message
        self.details = details
        self.subcode = subcode

    def saying(self, details: str) -> "GraphError":
        """The same refusal with its own details."""
        return GraphError(self.http, self.code, self.message, details, self.subcode)

    def body(self, trace: str) -> dict[str, Any]:
        """The answer's JSON."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["fbtrace_id"] = trace
        return {"error": error}

    def in_status(self) -> dict[str, Any]:
        """As a `failed` status carries it."""
        title = self.message.split(") ", 1)[-1]
        return {
            "code": self.code,
            "title": title,
            "message": title,
            "error_data": {"details": self.details or title},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        }


INVALID_PARAMETER = GraphError(400, 100, "(#100) Invalid parameter")
PARAMETER_VALUE = GraphError(400, 131009, "(#131009) Parameter value is not valid")
PARAMETER_MISSING = GraphError(400, 131008, "(#131008) Required parameter is missing")
UNSUPPORTED_TYPE = GraphError(400, 131051, "(#131051) Unsupported message type")
NO_TOKEN = GraphError(401, 190, "An access token is required to request this resource.")
BAD_TOKEN = GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")
BAD_CODE = GraphError(400, 100, "Invalid verification code format.", subcode=36008)
EXPIRED_CODE = GraphError(400, 100, "This authorization code has expired.", subcode=36007)
USED_CODE = GraphError(400, 100, "This authorization code has been used.", subcode=36009)
BAD_CLIENT = GraphError(400, 101, "Error validating client secret.")
THROUGHPUT = GraphError(
    400,
    130429,
    "(#130429) Rate limit hit",
    "Cloud API message throughput has been reached.",
)
PAIR_LIMIT = GraphError(
    400,
    131056,
    "(#131056) (Business Account, Consumer Account) pair rate limit hit",
    "Message failed to send because there were too many messages sent from this phone number "
    "to the same phone number in a short period of time.",
)
WINDOW_CLOSED = GraphError(
    400,
    131047,
    "(#131047) Re-engagement message",
    "Message failed to send because more than 24 hours have passed since the customer "
    "last replied to this number.",
)
TO_ITSELF = GraphError(400, 131021, "(#131021) Recipient cannot be sender")
NO_TEMPLATE = GraphError(404, 132001, "(#132001) Template name does not exist in the translation")
NOT_REGISTERED = GraphError(400, 133010, "(#133010) The account is not registered")
ALREADY_SYNCED = GraphError(
    400,
    2593107,
    "(#2593107) Sync request limit exceeded",
    "This sync type was already requested for the phone number.",
)
SYNC_TOO_LATE = GraphError(
    400,
    2593108,
    "(#2593108) Sync request made outside of the allowed time window",
    "More than 24 hours have passed since onboarding.",
)

# What a fault may ask for by its code; any other code becomes a plain refusal.
BY_CODE = {
    error.code: error
    for error in (
        PARAMETER_MISSING,
        PARAMETER_VALUE,
        UNSUPPORTED_TYPE,
        THROUGHPUT,
        PAIR_LIMIT,
        WINDOW_CLOSED,
        TO_ITSELF,
        NO_TEMPLATE,
        NOT_REGISTERED,
        BAD_TOKEN,
        INVALID_PARAMETER,
        GraphError(503, 2, "(#2) Service temporarily unavailable"),
        GraphError(400, 4, "(#4) Application request limit reached"),
        GraphError(403, 10, "(#10) Application does not have permission for this action"),
        GraphError(403, 368, "(#368) Temporarily blocked for policies violations"),
        GraphError(400, 80007, "(#80007) Rate limit issues"),
        GraphError(500, 131000, "(#131000) Something went wrong"),
        GraphError(403, 131005, "(#131005) Access denied"),
        GraphError(500, 131016, "(#131016) Service unavailable"),
        GraphError(400, 131026, "(#131026) Message undeliverable"),
        GraphError(403, 131031, "(#131031) Business Account locked"),
        GraphError(400, 131042, "(#131042) Business eligibility payment issue"),
        GraphError(400, 131048, "(#131048) Spam rate limit hit"),
        GraphError(
            400,
            131049,
            "(#131049) This message was not delivered to maintain healthy ecosystem engagement.",
        ),
        GraphError(400, 131050, "(#131050) User has stopped marketing messages"),
        GraphError(500, 131045, "(#131045) Incorrect certificate"),
        GraphError(400, 132015, "(#132015) Template is paused"),
        GraphError(500, 131057, "(#131057) Account in maintenance mode"),
    )
}


def by_code(code: int, http: int | None = None, subcode: int | None = None) -> GraphError:
    """The refusal with this code, on this HTTP status and with this subcode when one is named."""
    known = BY_CODE.get(code) or GraphError(400, code, f"(#{code}) Refused by the sandbox")
    return GraphError(
        http or known.http, code, known.message, known.details, subcode or known.subcode
    )


def not_visible(node: str) -> GraphError:
    """Unknown, or no longer ours to see: Meta does not say which."""
    return GraphError(
        400,
        100,
        f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation.",
        subcode=33,
    )
