"""Posts minute bars that come as CSV lines on stdin, and has them broadcast, with nothing but what Python comes with.

Lines are instrument,ts,open,high,low,close,volume. Those of one minute go together; it is complete with the first line of the
next. BARKEEP_URL says where the server is, BARKEEP_KEY is a key with the scopes write and publish.
"""

import http.client
import itertools
import json
import os
import sys
import time
import urllib.error
import urllib.request

url = os.environ.get("BARKEEP_URL", "http://127.0.0.1:8080")
headers = {"Content-Type": "application/json"}
if os.environ.get("BARKEEP_KEY"):
    headers["Authorization"] = f"Bearer {os.environ['BARKEEP_KEY']}"


def bar(line):
    """Numbers as the wire has them: a volume has no decimals."""
    instrument, ts, *prices, volume = line.strip().split(",")
    named = dict(zip(("open", "high", "low", "close"), map(float, prices)))
    return {"instrument": instrument, "ts": ts, **named, "volume": int(volume)}


def minutes(lines):
    """Bars of one minute, one list after the other. Put the callback of your broker in its place."""
    bars = (bar(line) for line in lines if line.strip())
    for _, group in itertools.groupby(bars, key=lambda each: each["ts"]):
        yield list(group)


def post(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def publish(bars):
    """All bars of one minute: kept first, then told to who listens, with word that the minute is complete."""
    post("/v1/bars/1m?source=broker", bars)
    return post("/v1/bars/1m/notify", {"done": bars[0]["ts"]})


def publish_surely(bars):
    """Repeats both after a break, since a server that was restarted no longer knows what was to be told. It does no harm."""
    while True:
        try:
            return publish(bars)
        except urllib.error.HTTPError as refusal:
            if refusal.code < 500 and refusal.code not in (409, 429):
                problem = json.load(refusal)
                raise SystemExit(f"{problem['code']}: {problem['message']}") from None
            # Another publisher may be about to end, and a busy server to have less to do.
            print(f"{url}: {refusal}", file=sys.stderr)
        except (OSError, http.client.HTTPException) as error:
            print(f"{url}: {error}", file=sys.stderr)
        time.sleep(1)


for bars in minutes(sys.stdin):
    answer = publish_surely(bars)
    print(bars[0]["ts"], len(bars), "bars at", answer["seq"], flush=True)
