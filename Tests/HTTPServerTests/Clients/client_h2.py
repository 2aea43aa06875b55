"""Talks to the server through h2, which checks every frame of an answer: client_h2.py PORT."""
import socket
import sys

from h2 import events
from h2.connection import H2Connection

stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
connection = H2Connection()
connection.initiate_connection()
answers, statuses, open_streams = {}, {}, set()


def send_request(method, path, content=b""):
    number = connection.get_next_available_stream_id()
    fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")]
    connection.send_headers(number, fields, end_stream=not content)
    if content:
        connection.send_data(number, content, end_stream=True)
    answers[number] = b""
    open_streams.add(number)
    return number


def receive():
    for event in connection.receive_data(stream.recv(65536)):
        if isinstance(event, events.ResponseReceived):
            statuses[event.stream_id] = dict(event.headers)
        elif isinstance(event, events.DataReceived):
            answers[event.stream_id] += event.data
            connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, events.StreamEnded):
            open_streams.discard(event.stream_id)
        elif isinstance(event, (events.StreamReset, events.ConnectionTerminated)):
            sys.exit(repr(event))
    stream.sendall(connection.data_to_send())


gets = {send_request("GET", f"/{n}"): b"hello /%d" % n for n in range(40)}
posts = {send_request("POST", "/", b"y" * 1_000): b"y" * 1_000 for _ in range(20)}
stream.sendall(connection.data_to_send())
while open_streams:
    receive()
for number, wanted in {**gets, **posts}.items():
    fields = {str(k, "ascii") if isinstance(k, bytes) else k: v for k, v in statuses[number].items()}
    assert fields[":status"] in ("200", b"200"), fields
    assert int(fields["content-length"]) == len(wanted), fields
    assert "date" in fields and "x-request-id" in fields, fields
    assert answers[number] == wanted
print("content")
