"""A chat server of the fewest lines: standard library only, a thread per user.

Used to see that the client speaks the protocol, and not just the dialect of its
own server.
"""

import socketserver
import threading

users = {}
lock = threading.Lock()


class User(socketserver.StreamRequestHandler):
    def read_frame(self):
        digits = b""
        while (byte := self.rfile.read(1)) != b":":
            if not byte:
                return None
            digits += byte
        text = ""
        while len(text) < int(digits):
            character = self.rfile.read(1)
            # The first byte of a character says how many follow (RFC 3629).
            first = character[0]
            more = 0 if first < 0x80 else 1 if first < 0xE0 else 2 if first < 0xF0 else 3
            text += (character + self.rfile.read(more)).decode()
        return text

    def write_frame(self, content):
        self.wfile.write(f"{len(content)}:{content}".encode())

    def handle(self):
        name = self.read_frame()
        with lock:
            users[name] = self
        while (content := self.read_frame()) is not None:
            target, separator, text = content.removeprefix("To ").partition(":")
            if not content.startswith("To ") or not separator:
                self.write_frame("Format error. The format should be 'To XXX:MMMM'")
                continue
            with lock:
                other = users.get(target)
            if other is None:
                self.write_frame("The target user cannot be reached.")
            else:
                other.write_frame(f"{text} From {name}")
        with lock:
            del users[name]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("0.0.0.0", 12345), User) as server:
    print("listening", flush=True)
    server.serve_forever()
