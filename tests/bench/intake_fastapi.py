"""The design many start with: FastAPI proves the webhook and puts it on a Redis list that is synced at every write."""
import base64
import hashlib
import hmac
import json
import os

import redis.asyncio as redis
from fastapi import FastAPI, Request, Response

SECRET = os.environ["ERP_WEBHOOK_SECRET"].encode()
queue = redis.Redis(unix_socket_path=os.environ["REDIS_SOCKET"])
app = FastAPI()


@app.post("/webhook/erp")
async def intake(request: Request):
    body = await request.body()
    proof = base64.b64encode(hmac.new(SECRET, body, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(proof, request.headers.get("x-frappe-webhook-signature", "")):
        return Response(status_code=401)
    record = json.loads(body)
    await queue.lpush("received", json.dumps([record["doctype"], record["name"]]))
    return Response('{"accepted":1}', status_code=202, media_type="application/json")
