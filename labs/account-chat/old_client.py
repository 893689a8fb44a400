"""A chat client of the fewest lines: standard library only, and the oldest habits.

Requests have no line end, an answer is whatever one `recv` brings, and a push is
whatever one `recv` brings. Used to see that the server understands others than its own
client. Each line of standard input is a request, in which ME, IP and PORT stand for what
they are.
"""

import socket
import sys
import threading

server = (sys.argv[1], 4119)
me = sys.argv[2]

listener = socket.socket()
listener.bind(("", 0))
listener.listen(5)
port = listener.getsockname()[1]


def say(line):
    # In one piece, for two threads do.
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def receive():
    while True:
        # The connection before stays open until this one takes its name.
        connection, _ = listener.accept()
        say(connection.recv(1024).decode())


threading.Thread(target=receive, daemon=True).start()
for line in sys.stdin:
    connection = socket.create_connection(server)
    ip = connection.getsockname()[0]
    request = line.strip().replace("ME", me).replace("IP", ip).replace("PORT", str(port))
    connection.send(request.encode())
    answer = connection.recv(1024).decode()
    connection.close()
    say("answer: " + (answer or "nothing"))
