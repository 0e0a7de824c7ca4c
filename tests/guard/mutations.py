# SPDX-License-Identifier: MIT
"""One line taken out for each guarantee, and the test that must then fail.

`old` stands exactly once in the file, and is replaced by `new`. A test is a program of unit tests with the name of a
case (doctest's pattern), or a file below tests/ with a part of the names of the cases that are to be run. `shows` is a
pattern of what the failing test prints, so that it does not fail for another reason.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutation:
    guarantee: str
    file: str
    old: str
    new: str
    targets: tuple
    test: tuple
    shows: str


MAILDIR = ("mda-maildir", "mda-maildir-tests")
SQLITE = ("datatree-sqlite", "datatree-sqlite-tests")
LDAP = ("datatree-ldap", "datatree-ldap-tests")
MAIL_FILE = ("mda-sqlite", "mda-sqlite-tests")
LMTP = ("mda-lmtp", "mda-lmtp-tests")
HOST = ("pigeon-deliver", "pigeonctl", "host-tests")

POWER_LOSS = ("power_loss_test", "creator-optimistic: ")
LOST = "told that it is delivered, and gone"

BATCH = "plugins/mda-maildir/batch.cpp"
LEDGER = "plugins/mda-maildir/ledger.cpp"
MAILBOX = "plugins/mda-maildir/mailbox.cpp"
FILE = "plugin-api/include/pigeon/sdk/file.hpp"
PATHS = "plugin-api/include/pigeon/sdk/mailbox.hpp"
SUPERVISOR = "host/supervisor.cpp"
SQL_BATCH = "plugins/sql-mailbox/batch.cpp"
LDAP_READER = "plugins/datatree-ldap/reader.cpp"

MUTATIONS = (
    Mutation(
        "the message is flushed before its name appears",
        BATCH,
        "    PIGEON_TRY(pigeon::flush(item.file, item.folder->tmp.below(item.claim->token)));\n",
        "",
        MAILDIR,
        POWER_LOSS,
        f"a message that is not whole|{LOST}",
    ),
    Mutation(
        "the claim is flushed before the message appears",
        BATCH,
        "    return item.ledger->flush();\n",
        "    return {};\n",
        MAILDIR,
        POWER_LOSS,
        r"after the retry: \[2",
    ),
    Mutation(
        "the name of the message is flushed before the verdict",
        BATCH,
        "    auto flushed = item.place().flush();\n",
        "    Done flushed;\n",
        MAILDIR,
        POWER_LOSS,
        LOST,
    ),
    Mutation(
        "the directory below the base is flushed before the verdict",
        PATHS,
        "  PIGEON_TRY(base.flush());\n",
        "",
        MAILDIR,
        POWER_LOSS,
        LOST,
    ),
    Mutation(
        "every directory on the way to the home is flushed before the verdict",
        PATHS,
        "  for (std::size_t level = 0; level + 1 < path.size(); ++level) PIGEON_TRY(path[level].flush());\n",
        "",
        MAILDIR,
        POWER_LOSS,
        LOST,
    ),
    Mutation(
        "tmp, new and cur are flushed before the verdict",
        MAILBOX,
        "  PIGEON_TRY(directory->flush());\n",
        "",
        MAILDIR,
        POWER_LOSS,
        f"{LOST}|the retry",
    ),
    Mutation(
        "the Maildir is flushed before the verdict",
        MAILBOX,
        "  return home.flush();\n",
        "  return {};\n",
        MAILDIR,
        POWER_LOSS,
        LOST,
    ),
    Mutation(
        "the ledger's directories are flushed before the mailbox is said to be ready",
        MAILBOX,
        '  for (const auto* name : {"pending", "done"}) PIGEON_TRY(own.make(name));\n  PIGEON_TRY(own.flush());\n',
        '  for (const auto* name : {"pending", "done"}) PIGEON_TRY(own.make(name));\n',
        MAILDIR,
        POWER_LOSS,
        "the retry",
    ),
    Mutation(
        "the stamp is flushed before the Maildir is made",
        MAILBOX,
        "    PIGEON_TRY(home.flush());\n",
        "",
        MAILDIR,
        POWER_LOSS,
        "the retry",
    ),
    Mutation(
        "a mailbox with another stamp is not used",
        MAILBOX,
        "  if (*stamp != allocation.id) return foreign(home->shown(), *stamp, allocation);\n  auto own",
        "  auto own",
        MAILDIR,
        ("mda-maildir-tests", "a mailbox that is gone, foreign or unstamped*"),
        "ERROR",
    ),
    Mutation(
        "who claims what another has just ended looks again whether it is done, also in a new week",
        LEDGER,
        "    weeks_ = PIGEON_TRY(done_.names());\n",
        "",
        MAILDIR,
        ("mda-maildir-tests", "who looked before another process has ended*"),
        "again->has_value",
    ),
    Mutation(
        "what the ledger knows to be done is not stored again",
        LEDGER,
        "    if (directory && PIGEON_TRY(directory->has(id))) return true;\n",
        "    if (directory) static_cast<void>(PIGEON_TRY(directory->has(id)));\n",
        MAILDIR,
        ("kill_test", "creator-optimistic, later: after worker, write"),
        "2 copies",
    ),
    Mutation(
        "a claim that another process holds is not taken",
        LEDGER,
        "      if (errno == EWOULDBLOCK) return std::nullopt;\n",
        "      if (errno == EWOULDBLOCK) return claim;\n",
        MAILDIR,
        ("mda-maildir-tests", "the same id, being delivered by another process now*"),
        "ERROR",
    ),
    Mutation(
        "a write whose precondition does not hold is not made",
        "plugins/sql-tree/writer.cpp",
        "    if (!PIGEON_TRY(holds(condition, row, update.path))) return",
        "    if (!PIGEON_TRY(holds(condition, row, update.path)) && false) return",
        SQLITE,
        ("first_delivery_test", "creator-optimistic: worker, fcntl"),
        "the process that was stopped|allocation|the retry",
    ),
    Mutation(
        "a write under a lock that was lost is not made",
        "plugins/sql-tree/writer.cpp",
        "  if (update.token && (!row || !PIGEON_TRY(lock_is_held(*row, *update.token)))) {",
        "  if (update.token && !row) {",
        SQLITE,
        ("datatree-sqlite-tests", "a lock is a lease with a token*"),
        "ERROR",
    ),
    Mutation(
        "where the parent is missing, nobody is said not to be there",
        "plugins/sql-tree/reader.cpp",
        "  if (!parent.is_root() && !PIGEON_TRY(row_at(parent))) {",
        "  if (!parent.is_root() && !PIGEON_TRY(row_at(parent)) && false) {",
        SQLITE,
        ("datatree-sqlite-tests", "not there is said only below a parent that is*"),
        "ERROR",
    ),
    Mutation(
        "where the marked root is missing, nobody is said not to be there",
        "plugins/sql-tree/reader.cpp",
        "  if (!root || !pigeon::same_name(root->structural, pigeon::tree::kRoot)) {\n",
        "  if (!root) return std::nullopt;\n"
        "  if (!pigeon::same_name(root->structural, pigeon::tree::kRoot)) {\n",
        SQLITE,
        ("datatree-sqlite-tests", "whatever is wrong with the file*"),
        "ERROR",
    ),
    Mutation(
        "what is written into the tree is flushed",
        "plugins/sqlite-file/database.cpp",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = OFF",
        SQLITE,
        POWER_LOSS,
        "the retry|allocations|gone|SQLite|malformed",
    ),
    Mutation(
        "an allocation is committed only where there is none",
        "host/allocator.cpp",
        '    if (condition != PIGEON_COMMIT_ALWAYS) preconditions.push_back(Precondition::absent("id"));\n',
        "",
        HOST,
        ("first_delivery_test", "creator-optimistic: worker, fcntl"),
        "the process that was stopped|allocation",
    ),
    Mutation(
        "only the verdict that came by pipe is believed",
        SUPERVISOR,
        "  if (ended) return tell(no_verdict(how_it_ended(status), where));\n",
        "  if (ended && status == 0) return tell(Verdict::delivered());\n"
        "  if (ended) return tell(no_verdict(how_it_ended(status), where));\n",
        HOST,
        ("host-tests", "a worker that says nothing has not delivered*"),
        "ERROR",
    ),
    Mutation(
        "a worker is put down at its deadline",
        SUPERVISOR,
        "    while (!gone && !complete() && !deadline.passed() && interrupted == 0) ",
        "    while (!gone && !complete() && interrupted == 0) ",
        HOST,
        ("host-tests", "a worker that hangs is put down*"),
        "",
    ),
    Mutation(
        "whatever status is not known waits",
        "host/verdict.cpp",
        "  return kRows.back();\n}",
        "  return kRows[1];\n}",
        HOST,
        ("host-tests", "each status leaves the process as one of five, and whatever is not known waits"),
        "ERROR",
    ),
    Mutation(
        "a file has its content before its name, also after a power failure",
        FILE,
        "    if (written) written = pigeon::flush(fd, below(name));\n",
        "",
        MAILDIR,
        POWER_LOSS,
        "the retry",
    ),
    Mutation(
        "no link below the base directory is followed",
        FILE,
        "    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;\n",
        "",
        MAILDIR,
        ("mda-maildir-tests", "a link at any component below the base*"),
        "ERROR",
    ),
    Mutation(
        "an LDAP entry that is hidden is not said not to be there",
        LDAP_READER,
        "  PIGEON_TRY(check_absence(answers[first], parent, wanted.dn));\n",
        "",
        LDAP,
        ("ldap_fault_test", "test_hidden"),
        "67 != 75",
    ),
    Mutation(
        "nobody is unknown where the module that finds users may be hidden",
        "host/mail_master.cpp",
        "    PIGEON_TRY(nobody_is_hidden());\n",
        "",
        HOST,
        ("host-tests", "who finds users may be hidden from us*"),
        "ERROR",
    ),
    Mutation(
        "an LDAP object whose classes are hidden is no answer",
        LDAP_READER,
        " || !entry.has_value(kClass, whole)",
        "",
        LDAP,
        ("ldap_fault_test", "test_hidden"),
        "AssertionError: (0|67) != 75",
    ),
    Mutation(
        "below an LDAP entry that is not marked, nobody is said not to be there",
        LDAP_READER,
        "  if (mark.empty() || !entry.has_value",
        "  if (false && !entry.has_value",
        LDAP,
        ("ldap_fault_test", "test_settings"),
        "67 != 75",
    ),
    Mutation(
        "a server that takes one name for another gives nobody somebody else's mail",
        LDAP_READER,
        "== wanted.as && is_alias(answer.entries.front())",
        "!= TreePath()",
        LDAP,
        ("ldap_fault_test", "test_other_schema"),
        "0 != 67",
    ),
    Mutation(
        "an alias and what it names are one user",
        LDAP_READER,
        "object_of(found.entry, *path)",
        "object_of(found.entry, wanted.as)",
        LDAP,
        ("ldap_servers_test", "test_user"),
        "AssertionError",
    ),
    Mutation(
        "a copy that is not filled is not believed",
        LDAP_READER,
        "  if (connection_.is_filled()) return {};\n",
        "  if (!answers.empty()) return {};\n",
        LDAP,
        ("ldap_servers_test", "test_not_filled"),
        "67 != 0",
    ),
    Mutation(
        "what a copy does not have is asked of the provider",
        "plugins/datatree-ldap/tree.cpp",
        "  if (found || request.authoritative || !providers_) return found;\n",
        "  if (found || request.authoritative || providers_) return found;\n",
        LDAP,
        ("ldap_servers_test", "test_lag"),
        "67 != 0",
    ),
    Mutation(
        "an LDAP entry that somebody has written to since it was read is not overwritten",
        "plugins/datatree-ldap/writer.cpp",
        '  const auto same = equality("entryCSN", number);\n',
        '  const std::string same = "(objectClass=*)";\n',
        LDAP,
        ("datatree-ldap-tests", "a write carries what it was decided on*"),
        "ERROR",
    ),
    Mutation(
        "a referral leads to servers that are configured, and to no other",
        "plugins/datatree-ldap/servers.cpp",
        "  return found == known_.end() ? nullptr : &found->second;\n",
        "  return found == known_.end() ? &known_.front().second : &found->second;\n",
        LDAP,
        ("ldap_servers_test", "test_strangers"),
        "is not configured",
    ),
    Mutation(
        "a server's certificate is checked",
        "plugins/datatree-ldap/connection.cpp",
        "set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_HARD)",
        "set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_NEVER)",
        LDAP,
        ("ldap_servers_test", "test_wrong"),
        "0 != 75",
    ),
    Mutation(
        "a NUL does not end a message in an SQLite file",
        "plugins/sqlite-file/database.hpp",
        "value.bytes.size(), SQLITE_STATIC",
        "value.bytes.substr(0, value.bytes.find('\\0')).size(), SQLITE_STATIC",
        MAIL_FILE,
        ("mda-sqlite-tests", "a message is stored and read byte for byte*"),
        "ERROR",
    ),
    Mutation(
        "a NUL does not end a message in MariaDB",
        "plugins/sql-server/connection.cpp",
        "SQLString(value.data(), value.size())",
        "SQLString(std::string(value).c_str())",
        ("mda-sql",),
        ("sql_mailbox_test", "test_own_table"),
        "!=",
    ),
    Mutation(
        "a retry of what is in a database is not stored again",
        SQL_BATCH,
        "  if (!delivery.id_is_unique()) item.key",
        "  item.key",
        MAIL_FILE,
        ("mda-sqlite-tests", "a retry is stored once*"),
        "ERROR",
    ),
    Mutation(
        "what one delivery into a database meets is undone",
        SQL_BATCH,
        '  if (!connection_.execute("ROLLBACK TO SAVEPOINT " + name + ";\\n")) return std::move(done).failure();\n',
        "",
        MAIL_FILE,
        ("mda-sqlite-tests", "what one delivery of a batch meets*"),
        "ERROR",
    ),
    Mutation(
        "a mailbox in a database that is retired takes no mail",
        "plugins/sql-mailbox/mailbox.cpp",
        "  if (row.state == State::open) return {};\n",
        "  if (row.state != State::purged) return {};\n",
        MAIL_FILE,
        ("mda-sqlite-tests", "a mailbox that is retired takes no mail*"),
        "ERROR",
    ),
    Mutation(
        "no body ends a message that is handed over before its end",
        "plugins/mda-lmtp/wire_text.cpp",
        "  if (begins_line_ && bytes.front() == '.') to += '.';\n",
        "",
        LMTP,
        ("mda-lmtp-tests", "no text ends the message early*"),
        "ERROR",
    ),
    Mutation(
        "no address becomes a command",
        "plugins/mda-lmtp/address.cpp",
        " && !pigeon::has_control_characters(text) &&\n",
        " &&\n",
        LMTP,
        ("mda-lmtp-tests", "an address is written as RFC 5321 has it*"),
        "ERROR",
    ),
    Mutation(
        "what another server says about us sends no mail back",
        "plugins/mda-lmtp/answer.cpp",
        "is_about_us(reply.code)",
        "is_about_us(0)",
        LMTP,
        ("mda-lmtp-tests", "what is about us or about the server*"),
        "ERROR",
    ),
    Mutation(
        "a delivery whose answer was lost is told to be in doubt",
        "plugins/mda-lmtp/session.cpp",
        "      unknown.may_have_happened = true;\n",
        "",
        LMTP,
        ("mda-lmtp-tests", "wherever the server ends the conversation*"),
        "ERROR",
    ),
    Mutation(
        "no other server is tried once one was given the whole message",
        "plugins/mda-lmtp/session.cpp",
        "  finish(transaction, begun->accepted, manner);\n",
        "  finish(transaction, begun->accepted, manner);\n"
        "  if (!*transaction.mailboxes.front().outcome) return pigeon::unavailable({});\n",
        LMTP,
        ("mda-lmtp-tests", "the next server is asked*"),
        "ERROR",
    ),
)
