"""A TLS server for what a good one never does: prints its port, then answers every connection in its manner."""
import os
import socket
import ssl
import sys
import threading

# Nobody waits that long.
guard = threading.Timer(60, os._exit, [1])
guard.daemon = True
guard.start()
certificate, key, authority, manner = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
if manner == "old":
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
if manner.startswith("demanding"):
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
    version = ssl.TLSVersion.TLSv1_2 if manner == "demanding12" else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = version

ANSWERS = {
    "midway": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "unannounced": b"HTTP/1.1 200 OK\r\n\r\nall of it?",
    "announced": b"HTTP/1.1 200 OK\r\n\r\nall of it",
}

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    plain, _ = listener.accept()
    try:
        connection = context.wrap_socket(plain, server_side=True)
        connection.recv(65536)
        connection.sendall(ANSWERS.get(manner, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        if manner == "unannounced":
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.unwrap()
        connection.close()
    except (OSError, ssl.SSLError):
        plain.close()
