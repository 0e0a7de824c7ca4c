# SPDX-License-Identifier: MIT
"""A connection to a server that goes wrong: a proxy on the loopback between a client and the real server."""

import contextlib
import socket
import threading
import time

PREPARE, EXECUTE = b"\0\x16", b"\0\x17"  # how commands begin that MariaDB is sent, after their length
FAREWELL = 7  # bytes of what nobody answers: that LDAP's or MariaDB's client goes


class _Statements:
    """Those that MariaDB has prepared on a connection."""

    def __init__(self):
        self._texts = {}  # by the number that the server gave
        self._last = None

    def asked(self, data):
        """The text of the statement that is run; nothing, if none is."""
        self._last = data if data[3:5] == PREPARE else None
        return self._texts.get(data[5:9], b"") if data[3:5] == EXECUTE else b""

    def answered(self, data):
        if self._last is not None and data[4:5] == b"\0":
            self._texts[data[5:9]] = self._last
        self._last = None


class Proxy:
    """REQUIRES: use as a context manager. Passes bytes on, but:

    delay: seconds that each answer is late. cut_after: so many bytes of answers, then the connection ends. silent:
    nothing is passed on at all. cut_at: when the client has sent this text, it is passed on, and the connection ends
    without the answer; only once. cut_at_run: the same, when the client runs a statement of MariaDB that it has prepared,
    and that has this text. What was asked is done by the time the proxy has ended. late: so many seconds after
    the client has seen that end. hang_after: so many bytes of answers, then silence on a connection that stays. said:
    the bytes of answers in the last connection. turns: how often the client has spoken since the other end did; with a
    delay, so that what it says in one go is all here before anything is answered, that is the number of round trips.
    """

    def __init__(self, port, delay=0.0, cut_after=None, silent=False, cut_at=None, hang_after=None, late=0.0, hold_at=None,
                 cut_at_run=None):
        self.target = port
        self.delay, self.cut_after, self.silent, self.cut_at = delay, cut_after, silent, cut_at
        self.hang_after = hang_after
        self.late = late
        self.hold_at = hold_at
        self.cut_at_run = cut_at_run
        self.held, self.go_on = threading.Event(), threading.Event()
        self.said = 0
        self.cuts = 0
        self.connections = 0
        self.turns = 0
        self._is_theirs = True  # the next turn
        self._open = []
        self._cutting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        with self._cutting:
            for each in self._open:
                _end(each)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            if self.silent:
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            self._open.append(server)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answered, statements = threading.Event(), _Statements()
            for source, target, pass_on in ((client, server, self._asker(client, answered, statements)),
                                            (server, client, self._answerer(answered, statements))):
                threading.Thread(target=self._pump, args=(source, target, pass_on), daemon=True).start()

    def _pump(self, source, target, pass_on):
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if not pass_on(target, data, passed):
                    break
                passed += len(data)
        _end(source)
        _end(target)

    def _asker(self, client, answered, statements):
        def is_to_cut(data):
            runs = statements.asked(data)
            return any(text is not None and text in where for text, where in ((self.cut_at, data), (self.cut_at_run, runs)))

        def ask(server, data, _passed):
            if len(data) > FAREWELL:
                self.turns += self._is_theirs
                self._is_theirs = False
            if self.hold_at is not None and self.hold_at in data:
                self.held.set()
                self.go_on.wait(60)
            if not is_to_cut(data):
                server.sendall(data)
                return True
            with self._cutting:
                self.cut_at = self.cut_at_run = None
                self.cuts += 1
                _end(client)
                time.sleep(self.late)
                answered.clear()
                server.sendall(data)
                answered.wait(10)
            return False

        return ask

    def _answerer(self, answered, statements):
        def answer(client, data, passed):
            answered.set()
            statements.answered(data)
            time.sleep(self.delay)
            if self.cut_after is not None and passed + len(data) > self.cut_after:
                client.sendall(data[:max(self.cut_after - passed, 0)])
                self.cuts += 1
                return False
            if self.hang_after is not None:
                data = data[:max(self.hang_after - passed, 0)]
            self._is_theirs = True
            client.sendall(data)
            self.said = passed + len(data)
            return True

        return answer


def _end(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
