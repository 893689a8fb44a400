"""Sends what is typed and prints what comes back: client.py ADDRESS PORT"""

import os
import socket
import sys
import threading

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("connected", flush=True)


def listen():
    """Prints what the server says, until it says no more."""
    for line in connection.makefile(encoding="utf-8", newline="\n"):
        print(line, end="", flush=True)
    print("the server has gone", flush=True)
    os._exit(1)


threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    connection.sendall(line.encode())
