# SPDX-License-Identifier: MIT
"""Whole deliveries into another server by LMTP: one that does what no server should, and a Dovecot."""

import contextlib
import os
import random
import re
import time
import unittest

from conformance_runs import conformance
from corpus import OWN, expected, real_messages
from dovecot_server import DovecotServer
from lmtp_server import LmtpServer
from pigeon_site import MESSAGE, PLUGINS, PREFIX, Site

PAGE = PREFIX / "share" / "man" / "man5" / "mda-lmtp.5"


def site_for(test, place, **settings):
    site = Site({"mailStore": {"mda": "mda-lmtp"}, "mda-lmtp": {"server": place, **settings}}).__enter__()
    test.addCleanup(site.__exit__)
    return site


def on_the_wire(message, keep=False):
    """What a server that goes by the book has received of a message."""
    text = re.sub(rb"\r?\n", b"\r\n", message)
    if not keep:
        text = re.sub(rb"\r(?!\n)|\0", b" ", text)
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


class Answers(unittest.TestCase):
    def serve(self, answers=None, **how):
        server = LmtpServer(answers, **how).__enter__()
        self.addCleanup(server.__exit__)
        return server

    def delivery(self, answers, **settings):
        """What becomes of a delivery, with such answers; and how often the message is there afterwards."""
        server = self.serve(answers)
        site = site_for(self, server.place, **settings)
        return site.deliver(queue_id="q1"), len(server.texts("alice@example.com")), server

    def test_stored(self):
        """a message is handed over with our fields but Return-Path, its sender in MAIL, and noted where it went"""
        for tcp in (False, True):
            with self.subTest(tcp=tcp):
                server = self.serve(tcp=tcp)
                site = site_for(self, server.place)
                done = site.deliver()
                self.assertEqual((done.exit, done.stdout, done.stderr), (0, b"", ""), done.records)
                ((sender, recipient, text),) = server.messages
                self.assertEqual((sender, recipient), (b"bob@example.org", b"alice@example.com"))
                self.assertEqual(text, on_the_wire(b"Delivered-To: alice@example.com\n" + MESSAGE))
                self.assertIn("250 2.0.0 saved", done.record["stored"])
                shown = site.ctl_json("tree", "get", "/example.com/mailUsers/alice")[0]
                self.assertEqual(shown["attributes"]["address"], "alice@example.com")

    def test_permanent(self):
        """a refusal of the recipient or the message is passed on with its status, and without the server's words"""
        for word, said, status, line in (
                ("RCPT", b"550 5.1.1 <alice> /var/mail unknown\r\n", 67, "5.1.1 unknown recipient"),
                ("RCPT", b"550 no\r\n", 67, "5.1.1 unknown recipient"),
                ("RCPT", b"552 5.2.2 over quota\r\n", 77, "5.2.2 mailbox full"),
                (".", b"552-5.2.2 over\r\n552 5.2.2 quota\r\n", 77, "5.2.2 mailbox full"),
                (".", b"554 5.7.1 spam /etc/filter\r\n", 77, "5.7.1 refused by policy"),
                (".", b"554 5.6.0 bad\r\n", 65, "5.6.0 form of the message refused"),
                ("MAIL", b"552 5.3.4 too big\r\n", 65, "5.3.4 message too large")):
            with self.subTest(word=word, said=said):
                done, _, _ = self.delivery({word: said})
                self.assertEqual((done.exit, done.stderr), (status, line + "\n"), done.records)
                done, _, _ = self.delivery({word: said}, permanent="defer")
                self.assertEqual((done.exit, done.stderr[:2]), (75, "4."), done.records)

    def test_about_us(self):
        """what a server says about us, or about itself, never sends mail back"""
        for word, said in (("", b"554 5.7.1 go away\r\n"), ("", b"521 no mail here\r\n"), ("LHLO", b"500 what?\r\n"),
                           ("LHLO", b"550 5.1.1 no\r\n"), ("MAIL", b"530 5.7.0 log in\r\n"),
                           ("MAIL", b"550 5.7.1 sender refused\r\n"), ("MAIL", b"553 5.1.8 bad sender\r\n"),
                           ("MAIL", b"550 5.6.7 not ASCII\r\n"), ("RCPT", b"553 5.6.7 not ASCII\r\n"),
                           ("DATA", b"554 5.6.7 not ASCII\r\n"), (".", b"554 5.6.7 not ASCII\r\n"),
                           ("RCPT", b"503 5.5.1 order\r\n"), ("RCPT", b"501 5.1.3 syntax\r\n"),
                           ("RCPT", b"550 5.3.5 misconfigured\r\n"), ("DATA", b"554 no\r\n"),
                           (".", b"451 4.3.0 later\r\n"), (".", b"500 what?\r\n"), ("RCPT", b"450 4.2.1 busy\r\n")):
            with self.subTest(word=word, said=said):
                done, _, _ = self.delivery({word: said})
                self.assertEqual(done.exit, 75, done.records)
                self.assertRegex(done.stderr, r"^4\.\d+\.\d+ [^\n]*\n$")
                self.assertIn(said.decode().strip(), done.record["detail"])
                self.assertNotIn("may-have-happened", str(done.record))

    def test_garbage(self):
        """whatever a server says, where and however slowly, mail waits until the deadline at most"""
        endless = [b"250-more\r\n" * 1000] * 50
        slow = [b"2", b"5", b"0"]
        for word in ("", "LHLO", "MAIL", "RCPT", "DATA", "."):
            for said in (None, b"hello\r\n", b"\0\xff\r\n", b"250-half\r\n", b"250-a\r\n350 b\r\n", b"999 no\r\n", b"x" * 9000,
                         endless, slow):
                with self.subTest(word=word, said=said if said is not endless else "endless"):
                    server = self.serve({word: said})
                    site = site_for(self, server.place, connectTimeout="700ms")
                    site.configure({"deadline": 1})
                    begin = time.monotonic()
                    done = site.deliver()
                    self.assertLess(time.monotonic() - begin, 10)
                    self.assertEqual(done.exit, 75, done.records)
                    self.assertRegex(done.stderr, r"^4\.\d+\.\d+ [^\n\x00-\x1f]*\n$")

    def test_lost_after_the_end(self):
        """a connection that is lost after the message is one that may have stored it; the retry stores it"""
        answers = {".": None}
        server = self.serve(answers)
        site = site_for(self, server.place)
        done = site.deliver(queue_id="q1")
        self.assertEqual(done.exit, 75)
        self.assertIn("may-have-happened", str(done.records), done.records)
        answers.clear()
        self.assertEqual(site.deliver(queue_id="q1").exit, 0)
        self.assertEqual(len(server.texts("alice@example.com")), 2)  # so it is: LMTP has no name for a delivery

    def test_next_server(self):
        """of several servers, the first that takes mail gets it"""
        gone, leaves, last = self.serve(), self.serve({"LHLO": b"421 4.3.2 bye\r\n"}), self.serve(tcp=True)
        gone.socket.unlink()
        gone.socket.touch()
        site = site_for(self, [gone.place, leaves.place, last.place])
        self.assertEqual(site.deliver().exit, 0)
        self.assertEqual(len(last.texts("alice@example.com")), 1)
        site = site_for(self, [gone.place, leaves.place])
        done = site.deliver()
        self.assertEqual(done.exit, 75)
        for place in (gone.place, "421 4.3.2 bye"):
            self.assertIn(place.removeprefix("unix:"), done.record["detail"])
        checked = site.ctl("check", check=False)
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("mda-lmtp", checked.stdout + checked.stderr)

    def test_names(self):
        """users, senders and folders of any kind are written as the protocol has it, or wait with a reason"""
        server = self.serve()
        site = site_for(self, server.place, detailDelimiter="+")
        for user in ("o'hara", "a b", "a..b", 'q"q', "x\\y"):
            site.ctl("user", "add", f"{user}@example.com")
            self.assertEqual(site.deliver(f"{user}@example.com").exit, 0, user)
            self.assertEqual(len(server.texts(f"{user}@example.com")), 1, server.messages)
        for sender in ("", "<>", "MAILER-DAEMON", "b o b@example.org", '"b o b"@example.org', "root"):
            self.assertEqual(site.deliver(sender=sender).exit, 0, sender)
        senders = [sender for sender, to, _ in server.messages if to == b"alice@example.com"]
        self.assertEqual(senders, [b"", b"", b"", b"b o b@example.org", b"b o b@example.org", b"root"])
        done = site.deliver(sender="a>b@x y")
        self.assertEqual(done.exit, 75)
        self.assertIn("cannot be written", done.record["detail"])
        self.assertEqual(site.deliver(extra=("-m", "Lists/a b")).exit, 0)
        self.assertEqual(len(server.texts("alice+Lists/a b@example.com")), 1)

    def test_folder_not_ascii(self):
        """a folder that is not ASCII is named to a server that offers SMTPUTF8; else the mail goes to the user"""
        for offer, stored in ((b"250-SMTPUTF8\r\n", "alice+K\u00f6ln@example.com"), (b"", "alice@example.com")):
            with self.subTest(offer=offer):
                server = self.serve({"LHLO": b"250-test\r\n" + offer + b"250 8BITMIME\r\n"})
                site = site_for(self, server.place, detailDelimiter="+")
                done = site.deliver(extra=("-m", "K\u00f6ln"))
                self.assertEqual(done.exit, 0, done.records)
                self.assertEqual(len(server.texts(stored)), 1, server.messages)

    def test_no_mailbox_here(self):
        """what needs a mailbox of our own is refused, and no remedy is a command that is refused as well"""
        site = site_for(self, self.serve().place)
        site.deliver()
        for command in (["mailbox", "list"], ["mailbox", "quota"], ["mailbox", "purge", "--yes"], ["user", "remove"]):
            done = site.ctl(*command, "alice@example.com", check=False)
            self.assertEqual(done.returncode, 1)
            remedy = done.stderr.split("to mend it: ")[1]
            self.assertIn("the storage's own tools", remedy)
            self.assertNotIn("pigeonctl", remedy)
        site.ctl("user", "remove", "--leave-mail", "alice@example.com")

    def test_catch_all(self):
        """the mail of a catch-all waits until the administrator has said where it goes"""
        server = self.serve()
        site = site_for(self, server.place)
        site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.assertEqual(site.deliver("who@example.com").exit, 75)
        site.configure({"mda-lmtp": {"catchAll": "other@{domain}"}})
        self.assertEqual(site.deliver("who@example.com").exit, 0)
        self.assertEqual(len(server.texts("other@example.com")), 1)

    def test_smuggling(self):
        """no body ends the message before its end, or becomes a command"""
        ends = (b"\n", b"\r\n", b"\r", b"\r\r\n", b"\n\r")
        server = self.serve()
        sites = {keep: site_for(self, server.place, forbidden="keep" if keep else "replace") for keep in (False, True)}
        for before in ends:
            for after in ends:
                for keep, site in sites.items():
                    with self.subTest(before=before, after=after, keep=keep):
                        body = MESSAGE + b"x" + before + b"." + after + b"MAIL FROM:<evil@example.org>" + after + b"y"
                        already = len(server.messages)
                        self.assertEqual(site.deliver(message=body).exit, 0)
                        ((sender, _, text),) = server.messages[already:]
                        self.assertEqual(sender, b"bob@example.org")
                        self.assertEqual(text, on_the_wire(b"Delivered-To: alice@example.com\n" + body, keep))
        self.assertNotIn(b"evil", b"".join(sender for sender, _, _ in server.messages))

    def test_blind(self):
        """the runner skips what it cannot see of a server that keeps mail elsewhere, and says why"""
        server = self.serve()
        site = site_for(self, server.place)
        given = site.root / "given.json"
        given.write_text('{"server": "%s"}' % server.place)
        done = conformance("run", "--level", "2", "--filter", "MDA-0", "--config", given, PLUGINS / "mda-lmtp.so")
        self.assertEqual(done.returncode, 0, done.stdout)
        for check in ("MDA-01", "MDA-05", "MDA-06", "MDA-07"):
            self.assertRegex(done.stdout, rf"(?m)^{check} +skipped .*does not keep it below the check's directory")


class IntoDovecot(unittest.TestCase):
    """With the set-up that the manual page shows."""

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            shown = re.search(r"^protocols = imap lmtp$.*?^}$", PAGE.read_text(), re.MULTILINE | re.DOTALL)[0]
            cls.site = stack.enter_context(Site({"mailStore": {"mda": "mda-lmtp"}, "mda-lmtp": {"server": "unix:/nonexistent"}}))
            cls.dovecot = DovecotServer(shown)
            for user, folders in (("corpus", ()), ("carol", ("Work",)), ("dora", ())):
                cls.dovecot.add(user, folders=folders)
                cls.site.ctl("user", "add", f"{user}@example.com")
            stack.enter_context(cls.dovecot)
            cls.site.configure({"mda-lmtp": {"server": f"unix:{cls.dovecot.lmtp}", "detailDelimiter": "+",
                                             "forbidden": "keep"}})
            cls.addClassCleanup(stack.pop_all().close)

    def test_corpus(self):
        """every message comes out of Dovecot byte for byte, once Dovecot's fields and line ends are undone"""
        dice = random.Random(os.environ.get("PIGEON_SEED", "1"))
        files = sorted(OWN.glob("*.eml"))
        with contextlib.suppress(unittest.SkipTest):
            files += sorted(dice.sample(real_messages(), 60))
        for file in files:
            done = self.site.deliver("corpus@example.com", message=file.read_bytes())
            self.assertEqual(done.exit, 0, (file, done))
        stored = self.dovecot.messages("corpus")
        self.assertEqual(len(stored), len(files))
        for file, text in zip(files, stored):
            with self.subTest(file.name):
                whole = expected(file.read_bytes(), b"bob@example.org", b"corpus@example.com")
                sent = on_the_wire(whole.partition(b"\n")[2], keep=True)  # without Return-Path
                self.assertEqual(self.dovecot.without_own_fields(text), sent.replace(b"\r\n", b"\n"))

    def test_unknown(self):
        """a user whom Dovecot does not know is unknown"""
        self.site.ctl("user", "add", "stranger@example.com")
        done = self.site.deliver("stranger@example.com")
        self.assertEqual((done.exit, done.stderr), (67, "5.1.1 unknown recipient\n"), done.records)

    def test_folder(self):
        """a folder is kept as that folder by a Dovecot that has it, and as INBOX by one that has not"""
        for folder in ("Work", "Nowhere"):
            done = self.site.deliver("carol@example.com", extra=("-m", folder))
            self.assertEqual(done.exit, 0, done.records)
        self.assertEqual(len(self.dovecot.messages("carol", ".Work")), 1)
        self.assertEqual(len(self.dovecot.messages("carol")), 1)

    def test_down(self):
        """while Dovecot is stopped, mail waits; then it is stored"""
        self.dovecot.stop()
        done = self.site.deliver("dora@example.com")
        self.assertEqual(done.exit, 75)
        self.dovecot.start()
        self.assertEqual(self.site.deliver("dora@example.com").exit, 0)
        self.assertEqual(len(self.dovecot.messages("dora")), 1)


if __name__ == "__main__":
    unittest.main()
