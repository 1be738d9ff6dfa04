"""Bars in Python without an SDK: the Arrow answer is read as it is. Needs pyarrow."""

import os
import urllib.parse
import urllib.request

import pyarrow as pa

url = os.environ.get("BARKEEP_URL", "http://127.0.0.1:8080")
query = urllib.parse.urlencode({"interval": "1m", "instruments": "SIM:1001", "start": "2026-11-16", "format": "arrow"})

with urllib.request.urlopen(f"{url}/v1/bars?{query}") as answer, pa.ipc.open_stream(answer) as reader:
    table = reader.read_all()

print(table.schema)
print(table.num_rows, "rows;", "last close", table["close"][-1].as_py())
