"""Talks to the server through h11, which checks every byte of an answer: client_h11.py PORT."""
import socket
import sys

import h11

connection = h11.Connection(our_role=h11.CLIENT)
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)


def exchange(method, target, content=b""):
    fields = [("Host", "localhost"), ("Content-Length", str(len(content)))]
    stream.sendall(connection.send(h11.Request(method=method, target=target, headers=fields)))
    stream.sendall(connection.send(h11.Data(data=content)) + connection.send(h11.EndOfMessage()))
    received = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(stream.recv(65536))
        elif type(event) is h11.Response:
            status = event.status_code
        elif type(event) is h11.Data:
            received += bytes(event.data)
        elif type(event) is h11.EndOfMessage:
            connection.start_next_cycle()
            return status, received


for number in range(10):
    assert exchange("GET", f"/{number}") == (200, b"hello /%d" % number)
    assert exchange("HEAD", f"/{number}") == (200, b"")
    assert exchange("POST", "/", b"x" * 100_000) == (200, b"x" * 100_000)
print("content")
