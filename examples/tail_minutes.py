"""Prints minute bars as they are committed, none lost and none twice, also over breaks and restarts of the server.

Usage: tail_minutes.py [INSTRUMENTS [DATE SPEED]], such as `tail_minutes.py TWSE:2330,TWSE:2409`. With a date that session is
played instead, SPEED times as fast as it was, 0 for as fast as possible. Needs python-socketio with websocket-client, which
handles each message in a thread of its own: of two that come together, the later one may be printed first.
BARKEEP_URL says where the server is, BARKEEP_KEY is a key with the scope read.
"""

import json
import os
import sys
import threading
import time
import urllib.parse
import urllib.request

import socketio

url = os.environ.get("BARKEEP_URL", "http://127.0.0.1:8080")
key = os.environ.get("BARKEEP_KEY")
instruments = sys.argv[1].split(",") if len(sys.argv) > 1 else None
replay = {"date": sys.argv[2], "speed": float(sys.argv[3])} if len(sys.argv) > 3 else None
columns = "instrument,ts,open,high,low,close,volume,turnover,trades,final,source,known_at"

client = socketio.Client()
ended = threading.Event()
lock = threading.Lock()
place = None  # of the last message
last = None  # the start of the latest bar
newest = {}  # (instrument, ts) -> known_at, of the latest session date


def tell(bars):
    global last, newest
    with lock:
        for bar in bars:
            name = (bar["instrument"], bar["ts"])
            if newest.get(name, "") >= bar["known_at"]:
                continue
            if last is None or bar["ts"][:10] > last[:10]:
                newest = {}
            last = max(last or "", bar["ts"])
            newest[name] = bar["known_at"]
            print(*(bar[column] for column in columns.split(",")[:7]), sep=",", flush=True)


def reached(position):
    """What comes out of turn was told all the same, so the place never goes back within a log."""
    global place
    with lock:
        if place is None or place["epoch"] != position["epoch"] or place["seq"] < position["seq"]:
            place = {"epoch": position["epoch"], "seq": position["seq"]}


def load():
    """What the log could not send is in the store. What comes meanwhile is told, and then not told again."""
    cursor = None
    while last is not None:
        query = {"interval": "1m", "start": last[:10], "final": "any", "columns": columns, "limit": 10000}
        query.update({"instruments": ",".join(instruments)} if instruments else {})
        query.update({"cursor": cursor} if cursor else {})
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        request = urllib.request.Request(f"{url}/v1/bars?{urllib.parse.urlencode(query)}", headers=headers)
        with urllib.request.urlopen(request) as response:
            page = json.load(response)
        tell(page["data"])
        cursor = page.get("next_cursor")
        if cursor is None:
            return


@client.event
def connect():
    wish = {"instruments": instruments} if instruments else {}
    if replay is not None:
        # After a break it goes on where it was; what comes again is dropped.
        wish["replay"] = {**replay, **({"start": last} if last else {})}
    elif place is not None:
        wish["since"] = place
    client.emit("sub_kmin", wish, callback=subscribed)


def subscribed(answer):
    if "error" in answer:
        print(answer["error"]["message"], file=sys.stderr)
        ended.set()
    elif answer["gone"]:
        load()


@client.on("kmin")
def on_bars(message):
    tell(message["bars"])
    reached(message)


@client.on("gap")
def on_gap(gap):
    load()
    reached(gap["until"])


@client.on("kmin_end")
def on_end(end):
    threading.Thread(target=leave, args=(end["bars"],)).start()


def leave(count):
    """The end may overtake the last bars: they are waited for, unless a break has made them another replay's."""
    for _ in range(100):
        if len(newest) >= count:
            break
        time.sleep(0.05)
    ended.set()


@client.event
def connect_error(error):
    print(error["message"] if isinstance(error, dict) else f"{url}: {error}", file=sys.stderr)


try:
    client.connect(url, auth={"token": key} if key else None, transports=["websocket"])
except socketio.exceptions.ConnectionError:
    raise SystemExit(1) from None
while not ended.wait(0.5):
    pass
client.disconnect()
