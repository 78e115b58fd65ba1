"""The onboarding calls on the Graph API: what is asked, and what each answer means."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import SecretStr

from saath.graph import GraphAnswer, GraphClient, GraphUnreachable
from saath_sync.description import Profile
from saath_sync.onboarding import Done, PhoneNumber, Refused, Token, Unknown
from saath_sync.prober import Found

FIELDS = "id,display_phone_number,is_on_biz_app,platform_type"
# Nice to know, and asked for as long as Meta knows them: one field it has no more would refuse them all.
PROFILE = "verified_name,quality_rating,throughput,whatsapp_business_manager_messaging_limit"
NO_SUCH_FIELD = 100

# The number is not visible to us. 100 means that only with subcode 33: without it, it may be that a later
# version of Meta's has a field no more that we ask for, and then every number would be gone at once.
GONE, PERMISSIONS = (10, 33, 190), range(200, 300)
INVISIBLE = (100, 33)

# An account has some hundred numbers at most; a page that names itself as the next ends here.
PAGES_MAX = 50

SYNC_TYPES: dict[str, str] = {"contacts": "smb_app_state_sync", "history": "history"}


class MetaCalls:
    """Asks Meta, with this app's own id and secret."""

    def __init__(self, graph: GraphClient, app_id: str, app_secret: SecretStr) -> None:
        self._graph, self._app_id, self._app_secret = graph, app_id, app_secret

    async def exchange(self, code: SecretStr) -> Token | Refused | Unknown:
        """A token for the code of Embedded Signup."""
        params = {
            "client_id": self._app_id,
            "client_secret": self._app_secret.get_secret_value(),
            "code": code.get_secret_value(),
        }
        answer = await self._get("oauth/access_token", None, params)
        if not isinstance(answer, GraphAnswer):
            return answer
        token = answer.body.get("access_token")
        return SecretStr(token) if isinstance(token, str) and token else _meant(answer)

    async def phone_numbers(
        self, account: str, token: Token
    ) -> Sequence[PhoneNumber] | Refused | Unknown:
        """The numbers of an account, all pages of them."""
        numbers: list[PhoneNumber] = []
        params = {"limit": "100", "fields": FIELDS}
        for _ in range(PAGES_MAX):
            answer = await self._get(f"{account}/phone_numbers", token, params)
            if not isinstance(answer, GraphAnswer):
                return answer
            found = answer.body.get("data")
            if not isinstance(found, list):
                return _meant(answer)
            numbers += [_number(item) for item in found if isinstance(item, dict)]
            after = _next_page(answer.body)
            if after is None:
                break
            params = {**params, "after": after}
        return numbers

    async def read_number(self, number: str, token: Token) -> PhoneNumber | Refused | Unknown:
        """What Meta says of one number."""
        answer = await self._node(number, token)
        if not isinstance(answer, GraphAnswer):
            return answer
        return _number(answer.body) if "is_on_biz_app" in answer.body else _meant(answer)

    async def probe(self, number: str, token: Token) -> Found | Unknown:
        """How Meta says that the number stands, and its answer in a few words."""
        answer = await self._node(number, token)
        if isinstance(answer, Refused):
            if _is_gone(answer):
                cause = f"it is not visible to us any more (Meta's error {answer.code})"
                return Found("gone", cause)
            # It is logged, so it says nothing in Meta's words.
            return Unknown(f"Meta's error {answer.code}")
        if not isinstance(answer, GraphAnswer):
            return answer
        if "is_on_biz_app" not in answer.body:
            return _meant(answer)
        on_app, platform = answer.body["is_on_biz_app"], answer.body.get("platform_type")
        if on_app is True and platform in ("CLOUD_API", None):
            return Found("connected", "Meta says that it is connected", _number(answer.body))
        said = f"is_on_biz_app {on_app}, platform_type {platform}"
        return Found("not_connected", said, _number(answer.body))

    async def subscribe(self, account: str, token: Token) -> Done | Refused | Unknown:
        """Have the account's webhooks sent to our app."""
        answer = await self._post(f"{account}/subscribed_apps", token, {})
        if not isinstance(answer, GraphAnswer):
            return answer
        return Done() if answer.body.get("success") is True else _meant(answer)

    async def ask_sync(
        self, number: str, token: Token, kind: Literal["contacts", "history"]
    ) -> Done | Refused | Unknown:
        """Ask for the contacts or the history. Meta takes each once in an onboarding."""
        body = {"messaging_product": "whatsapp", "sync_type": SYNC_TYPES[kind]}
        answer = await self._post(f"{number}/smb_app_data", token, body)
        if not isinstance(answer, GraphAnswer):
            return answer
        request_id = answer.body.get("request_id")
        return Done(str(request_id)) if request_id else _meant(answer)

    async def _node(self, number: str, token: Token) -> GraphAnswer | Refused | Unknown:
        """A number with all that we want to know of it, or with what we must."""
        answer = await self._get(number, token, {"fields": f"{FIELDS},{PROFILE}"})
        if isinstance(answer, Refused) and (answer.code, answer.subcode) == (NO_SUCH_FIELD, None):
            return await self._get(number, token, {"fields": FIELDS})
        return answer

    async def _get(
        self, path: str, token: Token | None, params: dict[str, str]
    ) -> GraphAnswer | Refused | Unknown:
        try:
            answer = await self._graph.get(path, token, params)
            said = token.get_secret_value() if token else None
            return _read(answer, said, params.get("code"), params.get("client_secret"))
        except GraphUnreachable as error:
            return Unknown(f"no answer from Meta ({error})")

    async def _post(
        self, path: str, token: Token, body: dict[str, str]
    ) -> GraphAnswer | Refused | Unknown:
        try:
            return _read(await self._graph.post(path, token, body), token.get_secret_value())
        except GraphUnreachable as error:
            return Unknown(f"no answer from Meta ({error})")


def _is_gone(refused: Refused) -> bool:
    code = refused.code
    return code in GONE or code in PERMISSIONS or (code, refused.subcode) == INVISIBLE


def _read(answer: GraphAnswer, *secrets: str | None) -> GraphAnswer | Refused | Unknown:
    """
    An error in Meta's shape is a refusal; a bare one says nothing of what happened behind it.

    Meta may repeat a token in its words (``Malformed access token …``), and those are published.
    """
    if answer.error is not None:
        code, message = answer.error.get("code"), str(answer.error.get("message") or "")
        for secret in filter(None, secrets):
            message = message.replace(secret, "…")
        known = code if isinstance(code, int) else None
        if answer.status >= 500:
            return Unknown(f"Meta could not say ({message or 'no message'}, HTTP {answer.status})")
        finer = answer.error.get("error_subcode")
        subcode = finer if isinstance(finer, int) else None
        return Refused(known, message or f"HTTP {answer.status}", subcode)
    return answer if answer.status < 300 else _meant(answer)


def _meant(answer: GraphAnswer) -> Unknown:
    return Unknown(f"Meta's answer (HTTP {answer.status}) does not say what happened")


def _number(item: Any) -> PhoneNumber:
    display, platform = item.get("display_phone_number"), item.get("platform_type")
    return PhoneNumber(
        number=str(item.get("id", "")),
        display_phone=str(display) if display else None,
        on_business_app=item.get("is_on_biz_app") is True,
        platform=str(platform) if platform else None,
        profile=_profile(item),
    )


def _profile(item: Mapping[str, Any]) -> Profile | None:
    """What Meta says of a number besides; it may be said in a shape of next year's."""
    level = item.get("throughput")
    said = {
        "verified_name": item.get("verified_name"),
        "quality_rating": item.get("quality_rating"),
        "throughput": level.get("level") if isinstance(level, dict) else level,
        "messaging_limit": item.get("whatsapp_business_manager_messaging_limit"),
    }
    known = {name: value for name, value in said.items() if isinstance(value, str) and value}
    return Profile(**known) if known else None


def _next_page(body: Mapping[str, Any]) -> str | None:
    match body.get("paging"):
        case {"next": str(), "cursors": {"after": str() as after}}:
            return after
        case _:
            return None
