"""A chat client of the fewest lines: standard library only, no event loop.

Used to see that the server speaks the protocol, and not just the dialect of its
own client. Each line of standard input is a message; the first is the name.
"""

import socket
import sys
import threading


def frame(content):
    return f"{len(content)}:{content}".encode()


def frames(connection):
    """Yields the content of each frame that arrives."""
    stream = connection.makefile("r", encoding="utf-8", newline="")
    while True:
        digits = ""
        while (character := stream.read(1)) != ":":
            if not character:
                return
            digits += character
        yield stream.read(int(digits))


def show(connection):
    for content in frames(connection):
        print(content, flush=True)


def main():
    host, _, port = sys.argv[1].partition(":")
    connection = socket.create_connection((host, int(port or 12345)))
    threading.Thread(target=show, args=[connection], daemon=True).start()
    for line in sys.stdin:
        line = line.rstrip("\n")
        if line == "exit":
            break
        connection.sendall(frame(line))


main()
