"""Posts a minute of bars and has it broadcast, with nothing but what Python comes with."""

import json
import os
import urllib.request

url = os.environ.get("BARKEEP_URL", "http://127.0.0.1:8080")
headers = {"Content-Type": "application/json"}
if os.environ.get("BARKEEP_KEY"):
    headers["Authorization"] = f"Bearer {os.environ['BARKEEP_KEY']}"


def post(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def publish(bars):
    """All bars of one minute: kept first, then told to who listens, with word that the minute is complete."""
    post("/v1/bars/1m?source=broker", bars)
    return post("/v1/bars/1m/notify", {"done": bars[0]["ts"]})


if __name__ == "__main__":
    print(publish(json.loads(input())))
