# SPDX-License-Identifier: MIT
"""A server for LMTP (RFC 2033) that keeps every message as it came, in a file of its own.

Where the local part of a recipient begins with a path and "//", as in "/some/directory//alice@example.com", what alice
gets is kept below that directory. So whoever hands over mail for "{directory}//{user}@{domain}" finds it in his directory.
What it says can be changed, command by command, to what no server should say.
"""

import contextlib
import hashlib
import itertools
import os
import pathlib
import re
import socket
import socketserver
import tempfile
import threading

USUAL = {"": b"220 test\r\n", "LHLO": b"250-test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1000000000\r\n",
         "MAIL": b"250 2.1.0 ok\r\n", "RCPT": b"250 2.1.5 ok\r\n", "DATA": b"354 go ahead\r\n", ".": b"250 2.0.0 saved\r\n",
         "RSET": b"250 2.0.0 ok\r\n", "QUIT": b"221 2.0.0 bye\r\n"}


def address_of(command):
    """What stands between "<" and ">", its local part without quotes."""
    written = re.search(rb"<(.*)>", command)[1]
    local, at, domain = written.rpartition(b"@")
    if local.startswith(b'"'):
        local = re.sub(rb"\\(.)", rb"\1", local[1:-1])
    return local + at + domain


class _Handler(socketserver.StreamRequestHandler):
    def say(self, command, about=b""):
        """Says what is to be said; False: it closes the connection."""
        answer = self.server.owner.answers.get(command, USUAL.get(command, b"500 5.5.1 what?\r\n"))
        if callable(answer):
            answer = answer(about)
        if answer is None:
            return False
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in [answer] if isinstance(answer, bytes) else answer:
                self.wfile.write(piece)
                self.wfile.flush()
        self.said = answer
        return True

    def handle(self):
        owner = self.server.owner
        with owner.lock:
            owner.connections += 1
        with contextlib.suppress(ConnectionResetError):
            if self.say(""):
                self.converse(owner)

    def converse(self, owner):
        sender, recipients = b"", []
        while line := self.rfile.readline(65536):
            command = line.rstrip(b"\r\n")
            with owner.lock:
                owner.commands.append(command)
            word = command[:4].decode("ascii", "replace").upper()
            if not self.say(word, command) or word == "QUIT":
                return
            good = isinstance(self.said, bytes) and self.said[:1] == b"2"
            if word == "MAIL" and good:
                sender, recipients = address_of(command), []
            if word == "RCPT" and good:
                recipients.append(address_of(command))
            if word == "DATA" and self.said[:3] == b"354" and not self.take(owner, sender, recipients):
                return

    def take(self, owner, sender, recipients):
        text = bytearray()
        while (line := self.rfile.readline()) != b".\r\n" or text[-2:] not in (b"", b"\r\n"):
            if not line:
                return False
            # A line ends with CR LF; what ends with LF alone is a part of one.
            text += line[1:] if line.startswith(b".") and text[-2:] in (b"", b"\r\n") else line
        for recipient in recipients:
            owner.keep(sender, recipient, bytes(text))
            if not self.say(".", recipient):
                return False
        return True


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Not on the tests' standard error: what is missing is missed by whoever looks for it."""


class _TcpServer(_Server):
    address_family = socket.AF_INET
    server_bind = socketserver.TCPServer.server_bind


class LmtpServer:
    """REQUIRES: use as a context manager.

    answers: what it says instead of the usual, by the first word of a command ("" for the greeting, "." for the end of a
    message, once for each recipient): bytes, a list of pieces, None to close the connection, or a function of the command, or
    of the recipient, that answers so.
    """

    def __init__(self, answers=None, tcp=False):
        self.answers = answers or {}
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-lmtp."))
        self.root.chmod(0o711)
        self.lock = threading.Lock()
        self.connections, self.commands, self.messages = 0, [], []
        self.number = itertools.count()
        if tcp:
            self.server = _TcpServer(("127.0.0.1", 0), _Handler)
            self.place = f"tcp:127.0.0.1:{self.server.server_address[1]}"
        else:
            self.socket = self.root / "lmtp"
            self.server = _Server(str(self.socket), _Handler)
            self.socket.chmod(0o666)
            self.place = f"unix:{self.socket}"
        self.server.owner = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for path in sorted(self.root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.root.rmdir()

    def keep(self, sender, recipient, text):
        with self.lock:
            self.messages.append((sender, recipient, text))
            number = next(self.number)
        where = pathlib.Path(os.fsdecode(recipient.partition(b"//")[0]))
        if not where.is_absolute() or not where.is_dir():
            return
        mailbox = where / "kept" / hashlib.sha256(recipient).hexdigest()[:16]
        mailbox.mkdir(parents=True, exist_ok=True)
        half = mailbox / f".{number}"
        half.write_bytes(text)
        half.rename(mailbox / str(number))

    def texts(self, recipient):
        """The messages for this address, in their order."""
        with self.lock:
            return [text for _, to, text in self.messages if to == recipient.encode()]
