"""A server that sends every line back in capitals: server.py PORT"""

import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    """One client, in a thread of its own."""

    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.decode(errors="replace").upper().encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("", int(sys.argv[1])), Session) as server:
    server.serve_forever()
