"""Publishes minute bars that come as CSV lines on stdin: instrument,ts,open,high,low,close,volume.

Needs python-socketio with websocket-client. Lines of one minute become one message, which is complete with the first line
of the next. BARKEEP_URL says where the server is, BARKEEP_KEY is a key with the scope publish.
"""

import itertools
import os
import sys
import time

import socketio

url = os.environ.get("BARKEEP_URL", "http://127.0.0.1:8080")
key = os.environ.get("BARKEEP_KEY")
client = socketio.Client(reconnection=False)
token = None
refusal = None


@client.event
def connect_error(error):
    """What the server itself says; a text where there was none."""
    global refusal
    refusal = error["data"] if isinstance(error, dict) else None


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


def connect():
    while not client.connected:
        try:
            client.connect(url, auth={"token": key} if key else None, transports=["websocket"])
        except socketio.exceptions.ConnectionError as error:
            # A wrong key stays wrong; a server that is away comes back.
            if refusal is not None and refusal["status"] in (401, 403):
                raise SystemExit(f"{refusal['code']}: {refusal['message']}") from None
            print(f"{url}: {error}", file=sys.stderr)
            time.sleep(1)


def publish(bars):
    """Returns when the bars are kept and told. What got no answer is sent again, which does no harm."""
    global token
    while True:
        connect()
        message = {"bars": bars, "done": bars[0]["ts"], "source": "broker", "token": token}
        try:
            answer = client.call("pub_kmin", message, timeout=30)
        except socketio.exceptions.SocketIOError:
            time.sleep(1)
            continue
        error = answer.get("error")
        if error is None:
            token = answer["lease"]["token"]
            return answer
        if error["code"] == "LEASE_LOST":
            # The term went with the server that gave it, or somebody else publishes, and then this one gives way.
            answer = client.call("lease_kmin", timeout=30)
            error = answer.get("error")
            if error is None:
                token = answer["lease"]["token"]
                continue
        elif error["code"] == "LEASE_HELD" or error["status"] >= 500:
            # Another publisher may be about to end, and a busy server to have less to do.
            time.sleep(min(error.get("retry_after_ms", 1000), 5000) / 1000)
            continue
        raise SystemExit(f"{error['code']}: {error['message']}")


try:
    for bars in minutes(sys.stdin):
        answer = publish(bars)
        print(bars[0]["ts"], len(bars), "bars at", answer["seq"], flush=True)
    if client.connected:
        client.call("unlease_kmin", timeout=30)
finally:
    # Its threads would keep the program alive.
    if client.connected:
        client.disconnect()
