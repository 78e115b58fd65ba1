"""Which paths and methods there are, and whose signature opens which: the app as it is composed."""

import json
from collections.abc import Mapping

import httpx
import pytest
from tests.unit.ingest.bodies import body, change, text

from saath.errors import Misconfigured
from saath.settings import load
from saath_ingest.app import build
from saath_ingest.settings import IngestSettings
from saath_ingest.signature import sign

BASE, SHOP, CAFE = (f"/webhooks/whatsapp{name}" for name in ("", "/shop", "/cafe"))
APPS = {
    "shop": {"app_secrets": "shop-new,shop-old", "verify_tokens": "shop-token"},
    "cafe": {"app_secrets": ["cafe, with a comma"], "verify_tokens": ["cafe-1", "cafe-2"]},
}
OWN = {"APP_SECRETS": "own", "VERIFY_TOKENS": "own-token"}
ALL = OWN | {"APPS": json.dumps(APPS)}
ONE = json.dumps(body(change("messages", messages=[text()]))).encode()

# There is no Kafka here: whoever is let in is told to come again.
LET_IN = 503


def settings(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> IngestSettings:
    for name in ("APP_SECRETS", "VERIFY_TOKENS", "APPS", "EXPOSE_OPENAPI"):
        monkeypatch.delenv(f"SAATH_INGEST__{name}", raising=False)
    environ = {f"SAATH_INGEST__{name}": value for name, value in values.items()}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return load(IngestSettings, environ)


def door(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str] = ALL) -> httpx.AsyncClient:
    app = build(settings(monkeypatch, values))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest")


async def delivered(client: httpx.AsyncClient, path: str, secret: str) -> int:
    headers = {"X-Hub-Signature-256": sign(ONE, secret)}
    return (await client.post(path, content=ONE, headers=headers)).status_code


async def asked(client: httpx.AsyncClient, path: str, token: str) -> tuple[int, str]:
    query = {"hub.mode": "subscribe", "hub.challenge": "115", "hub.verify_token": token}
    answer = await client.get(path, params=query)
    return answer.status_code, answer.text if answer.status_code == 200 else ""


async def test_each_address_is_opened_by_the_signatures_of_its_own_app_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signers = ("own", "shop-new", "shop-old", "cafe, with a comma")

    async with door(monkeypatch) as client:
        found = {
            path: [await delivered(client, path, signer) for signer in signers]
            for path in (BASE, SHOP, CAFE, f"{BASE}/pub")
        }

    assert found == {
        BASE: [LET_IN, 401, 401, 401],
        SHOP: [401, LET_IN, LET_IN, 401],
        CAFE: [401, 401, 401, LET_IN],
        f"{BASE}/pub": [404, 404, 404, 404],
    }


async def test_each_address_answers_the_challenge_for_its_own_tokens_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = ("own-token", "shop-token", "cafe-1", "cafe-2", "")

    async with door(monkeypatch) as client:
        found = {
            path: [token for token in tokens if await asked(client, path, token) == (200, "115")]
            for path in (BASE, SHOP, CAFE, f"{BASE}/pub")
        }

    assert found == {
        BASE: ["own-token"],
        SHOP: ["shop-token"],
        CAFE: ["cafe-1", "cafe-2"],
        f"{BASE}/pub": [],
    }


async def test_where_every_app_has_an_address_the_common_one_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with door(monkeypatch, {"APPS": json.dumps(APPS)}) as client:
        found = [
            await delivered(client, SHOP, "shop-new"),
            await delivered(client, BASE, "shop-new"),
            await delivered(client, BASE, ""),
            (await asked(client, BASE, ""))[0],
        ]

    assert found == [LET_IN, 404, 404, 404]


async def test_only_the_paths_and_methods_that_are_served_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
    paths = (
        BASE, SHOP, "/livez", "/readyz", "/metrics",
        "/", f"{BASE}/", f"{SHOP}/", f"{SHOP}/x", f"/{BASE}", "/webhooks", "/webhooks/WhatsApp",
        "/docs", "/redoc", "/openapi.json", "/favicon.ico", "/webhooks/whatsapp/..%2fshop",
    )  # fmt: skip

    async with door(monkeypatch) as client:
        found = {
            path: {m: (await client.request(m, path)).status_code for m in methods}
            for path in paths
        }

    refused = dict.fromkeys(methods, 405)
    address, probe = refused | {"GET": 403, "POST": 401}, refused | {"GET": 200}
    assert found == {
        BASE: address,
        SHOP: address,
        "/livez": probe,
        "/readyz": refused | {"GET": 503},
        "/metrics": probe,
    } | {path: dict.fromkeys(methods, 404) for path in paths[5:]}


@pytest.mark.parametrize(("setting", "status"), [(None, 404), ("false", 404), ("true", 200)])
async def test_openapi_is_served_only_where_a_setting_says_so(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, status: int
) -> None:
    values = ALL | ({"EXPOSE_OPENAPI": setting} if setting else {})

    async with door(monkeypatch, values) as client:
        answer = await client.get("/openapi.json")

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"APPS": "{"}, "SAATH_INGEST__APPS: "),
        ({"APPS": "[]"}, "SAATH_INGEST__APPS: input should be a valid dictionary"),
        ({"APPS": "{}"}, "SAATH_INGEST: apps names no app"),
        (
            {"APPS": '{"shop": {"app_secrets": "hush"}}'},
            "SAATH_INGEST__APPS__SHOP__VERIFY_TOKENS: field required",
        ),
        (
            {"APPS": '{"shop": {"app_secrets": "", "verify_tokens": "t"}}'},
            "SAATH_INGEST__APPS__SHOP__APP_SECRETS: tuple should have at least 1 item",
        ),
        (
            {"APPS": '{"shop": {"app_secret": "hush", "app_secrets": "a", "verify_tokens": "t"}}'},
            "SAATH_INGEST__APPS__SHOP__APP_SECRET: extra inputs are not permitted",
        ),
        (
            {"APPS": '{"../x": {"app_secrets": "hush", "verify_tokens": "t"}}'},
            "SAATH_INGEST__APPS__../X",
        ),
        (
            {"APPS": json.dumps(APPS), "APP_SECRETS": "hush"},
            "SAATH_INGEST__VERIFY_TOKENS: field required",
        ),
    ],
)
def test_apps_that_cannot_be_right_stop_the_start_with_a_sentence_that_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        settings(monkeypatch, values)

    said = str(refused.value)
    assert (said[: len(sentence)], "hush" in said) == (sentence, False)


def test_no_repr_tells_a_secret_of_any_app(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(settings(monkeypatch, ALL))

    secrets = ("shop-new", "shop-token", "with a comma", "own-token")
    assert [secret for secret in secrets if secret in shown] == []
