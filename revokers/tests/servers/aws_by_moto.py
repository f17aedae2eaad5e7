"""Moto's server, and a client of AWS beside the product's: one JSON line in, one out.

A line names the credential that signs, the service, the operation of boto3 and its arguments. It answers with what boto3 returns, or with the error's code.
"""

import json
import os
import sys

# The first requests, with which the administrator comes into being, need no credential; every later one does.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "3"
out, sys.stdout = sys.stdout, sys.stderr

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()


def answer(value):
    out.write(json.dumps(value, default=str) + "\n")
    out.flush()


def call(request):
    key = request.get("as") or ["nobody", "nobody", None]
    client = boto3.client(
        request["service"],
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=key[2] if len(key) > 2 else None,
        config=Config(retries={"total_max_attempts": 1}),
    )
    try:
        return getattr(client, request["op"])(**request.get("args", {}))
    except ClientError as error:
        return {"error": error.response["Error"]["Code"]}
    except Exception as error:  # what moto itself breaks on is an answer, too
        return {"error": f"{type(error).__name__}: {error}"}


answer({"port": port})
for line in sys.stdin:
    answer(call(json.loads(line)))
