"""A publisher and a listener of minute bars with python-socketio alone: python3-socketio and python3-websocket of Debian.

Usage: live-client.py URL BARS, where BARS is a JSON array. Prints one JSON object: what was acknowledged and what was heard.
"""
import json
import sys
import threading

import socketio

url, bars = sys.argv[1], json.loads(sys.argv[2])
heard = []
done = threading.Event()

listener = socketio.Client()


@listener.on('kmin')
@listener.on('kmin_done')
def on_message(message):
    # Each is handled in a thread of its own, so they may come in any order.
    heard.append(message)
    if len(heard) == 2:
        done.set()


listener.connect(url, transports=['websocket'])
publisher = socketio.Client()
publisher.connect(url, transports=['websocket'])

subscribed = listener.call('sub_kmin', {'instruments': [bars[0]['instrument']]})
published = publisher.call('pub_kmin', {'bars': bars, 'done': bars[0]['ts']})
refused = publisher.call('pub_kmin', {'bars': [{'instrument': 'SIM:A'}]})
done.wait(20)
heard.sort(key=lambda message: message['seq'])
print(json.dumps({'subscribed': subscribed, 'published': published, 'refused': refused, 'heard': heard}))
listener.disconnect()
publisher.disconnect()
