"""
The least that could be called receiving webhooks, to measure against: it keeps none of our promises.

The same web server with the same settings, HMAC, ``json.loads``, and one ``acks=all`` send for each
update, as it came. No types, no bounds, no dead letters, no order after a failure, no log, no metrics.
"""

import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request, Response

SERVERS, TOPIC = os.environ["BARE_SERVERS"], os.environ["BARE_TOPIC"]
SECRET = os.environ["BARE_SECRET"].encode()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold the producer."""
    async with AIOKafkaProducer(bootstrap_servers=SERVERS, acks="all") as producer:
        app.state.producer = producer
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/readyz")
async def ready() -> Response:
    """Say that the producer has started."""
    return Response()


@app.post("/webhooks/whatsapp")
async def deliver(request: Request) -> Response:
    """Write every update of a body, and answer when all are written."""
    body = await request.body()
    signature = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature, request.headers.get("x-hub-signature-256", "")):
        return Response(status_code=401)
    sends = []
    for entry in json.loads(body)["entry"]:
        for change in entry["changes"]:
            value = change["value"]
            key = value["metadata"]["phone_number_id"].encode()
            for name in ("messages", "statuses", "message_echoes"):
                for update in value.get(name, ()):
                    record = json.dumps(update).encode()
                    sends.append(await request.app.state.producer.send(TOPIC, record, key=key))
    for send in sends:
        await send
    return Response()


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["BARE_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
