// SPDX-License-Identifier: MIT
//
// Messages on their way into an mbox and out of it again.
#include "original.hpp"
#include "rendering.hpp"
#include "splitting.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <ctime>
#include <random>
#include <string>
#include <vector>

using mda_mbox::Outgoing;
using mda_mbox::Quoting;
using pigeon::Deadline;

namespace {

constexpr std::string_view kLine = "From bob@example.org Sun Sep  9 01:46:40 2001\n";

std::string rendered(const std::string& prefix, const std::string& body, Quoting quoting = Quoting::mboxrd,
                     std::uint32_t marks = 0) {
  const auto lent = pigeon::borrow(prefix);
  const pigeon_message message = {sizeof message, 0, &lent, 1, pigeon::borrow(body)};
  std::string text;
  Outgoing outgoing(pigeon::Message(message), marks);
  const auto hash = outgoing.hash();
  CHECK(outgoing.render(quoting, [&](std::string_view bytes) {
    text += bytes;
    return true;
  }));
  CHECK(outgoing.hash() == hash);
  return text;
}

struct Found {
  std::string text;
  std::uint32_t marks;
  std::int64_t received;
  friend bool operator==(const Found&, const Found&) = default;
};

std::vector<Found> messages_in(const std::string& mbox, Quoting quoting = Quoting::mboxrd) {
  const pigeon::testing::TemporaryDirectory directory;
  directory.write("mbox", mbox);
  const pigeon::Fd file(::open((directory / "mbox").c_str(), O_RDONLY));
  mda_mbox::Window window(file, mbox.size(), "mbox", Deadline::in(std::chrono::seconds(100)));
  std::vector<Found> found;
  for (std::uint64_t at = 0;;) {
    const auto extent = mda_mbox::find_message(window, at, quoting);
    REQUIRE(extent);
    if (!*extent) return found;
    std::string text;
    const auto marks = mda_mbox::give_original(
        window, **extent, quoting, Deadline::in(std::chrono::seconds(10)), [&](std::string_view bytes) {
          text += bytes;
          return true;
        });
    REQUIRE(marks);
    found.push_back({text, *marks, (*extent)->received});
    CHECK((*extent)->next > at);
    at = (*extent)->next;
  }
}

std::string letter(const std::string& rendered_message) {
  return std::string(kLine) + rendered_message + "\n";
}

const std::vector<std::string> bodies = {
    "",
    "\n",
    "x",
    "\n\n\n",
    "Subject: a\n\nbody\n",
    "Subject: a\n\nbody",
    "Subject: a\n",
    "Subject: a",
    "Subject: a\r\n\r\nbody\r\n",
    "Subject: a\r\n\r\nbody",
    "Subject: a\n\nFrom bob@example.org Sun Sep  9 01:46:40 2001\nmore\n",
    "Subject: a\n\n\nFrom bob@example.org Sun Sep  9 01:46:40 2001\n\n\n",
    "Subject: a\n\nFrom here\n>From there\n>>>From everywhere\n> From\n>Fro\n>",
    "From bob@example.org Sun Sep  9 01:46:40 2001\nSubject: a\n\nx\n",
    ">From bob\nSubject: a\n\nx\n",
    "\nFrom bob@example.org Sun Sep  9 01:46:40 2001\n",
    "Status: RO\nX-Status: AF\nX-Keywords: a\n b\nX-UID: 7\nContent-Length: 3\nSubject: a\n\nStatus: no\n",
    "STATUS : R\nX-IMAP: 1 2\nX-IMAPbase: 1 2\n\nx\n",
    "Pigeon-Kept-Status: R\nPigeon-Kept-End: no newline\nPigeon-Kept-Pigeon-Kept-Status: R\n\nx",
    "Status: RO",
    " folded at once\nStatus: R\n folded\n\nx\n",
    " folded at once\n\nx",
    "no header here\nFrom now on\n\nbody\n",
    std::string("nul\0\xff\n\n\0From x\n", 15),
    "Subject: a\n\n" + std::string(700'000, '>') + "From x\n",
    std::string(300'000, 'h') + "\n\n" + std::string(300'000, 'b'),
    "Subject: a\n\n>",
    "Subject: a\n\n>From",
    "Subject: a\n\n>From ",
    "Subject: a\r\n\r\nFrom bob@example.org Sun Sep  9 01:46:40 2001\r\n\r\n\r\n",
    "a: b\r\n",
    "\r\n",
    "\r",
};

}  // namespace

TEST_CASE("every message comes back as it went in, between others, however it is quoted") {
  for (const auto quoting : {Quoting::mboxrd, Quoting::mboxcl2}) {
    for (const std::string prefix : {"", "Return-Path: <bob@example.org>\nDelivered-To: alice\n"}) {
      std::string mbox;
      for (const auto& body : bodies) mbox += letter(rendered(prefix, body, quoting));
      const auto found = messages_in(mbox, quoting);
      REQUIRE(found.size() == bodies.size());
      for (std::size_t index = 0; index < found.size(); ++index) {
        CAPTURE(bodies[index].substr(0, 80));
        CHECK(found[index].text == prefix + bodies[index]);
        CHECK(found[index].received == 1'000'000'000);
        CHECK(found[index].marks == 0);
      }
    }
  }
}

TEST_CASE("mboxo loses one mark of quoting, and nothing else") {
  const auto found = messages_in(letter(rendered("", "a: b\n\nFrom x\n>From y\n>>From z\n", Quoting::mboxo)),
                                 Quoting::mboxo);
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == "a: b\n\nFrom x\nFrom y\n>>From z\n");
  CHECK(rendered("", "a: b\n\nFrom x\n>From y\n", Quoting::mboxo) == "a: b\n\n>From x\n>From y\n");
}

TEST_CASE("mboxrd puts one more mark before every line that could be taken for a beginning") {
  CHECK(rendered("", "a: b\nFrom c\n\nFrom x\n>From y\n>>From z\nFromage\n From\n") ==
        "a: b\n>From c\n\n>From x\n>>From y\n>>>From z\nFromage\n From\n");
}

TEST_CASE("mboxcl2 says how long the body is, and changes nothing in it") {
  CHECK(rendered("", "a: b\nContent-Length: 9\n\nFrom x\n", Quoting::mboxcl2) ==
        "a: b\nPigeon-Kept-Content-Length: 9\nContent-Length: 7\n\nFrom x\n");
  CHECK(rendered("", "a: b\n\nFrom x", Quoting::mboxcl2) ==
        "Pigeon-Kept-End: no newline\na: b\nContent-Length: 7\n\nFrom x\n");
}

TEST_CASE("marks are fields at the end of the header, as other readers have them") {
  CHECK(rendered("", "a: b\n\nx\n", Quoting::mboxrd, PIGEON_MARK_SEEN) == "a: b\nStatus: RO\n\nx\n");
  CHECK(rendered("", "a: b\n\nx\n", Quoting::mboxrd, PIGEON_MARK_ANSWERED | PIGEON_MARK_FLAGGED) ==
        "a: b\nStatus: O\nX-Status: AF\n\nx\n");
  for (std::uint32_t marks = 0; marks < 32; ++marks) {
    for (const auto& body : bodies) {
      const auto found = messages_in(letter(rendered("", body, Quoting::mboxrd, marks)));
      REQUIRE(found.size() == 1);
      CHECK(found[0].text == body);
      CHECK(found[0].marks == marks);
    }
  }
}

TEST_CASE("what a reader has written into the header is not the message's") {
  const auto found = messages_in(std::string(kLine) +
                                 "X-IMAPbase: 1 2\n  3\nSubject: a\nStatus: RO\nX-Status: F   \nX-UID: 3\n"
                                 "X-Keywords:                \nContent-Length: 2\n\nx\n\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == "Subject: a\n\nx\n");
  CHECK(found[0].marks == (PIGEON_MARK_SEEN | PIGEON_MARK_FLAGGED));
}

TEST_CASE("a message ends where the next one begins, whoever left out the empty line or the line end") {
  const std::string line(kLine);
  CHECK(messages_in(line + "a: b\n\nx\n" + line + "c: d\n\ny") ==
        std::vector<Found>{{"a: b\n\nx\n", 0, 1'000'000'000}, {"c: d\n\ny", 0, 1'000'000'000}});
  CHECK(messages_in("\n\n" + line + "a: b\n\nx\n\n\n" + line).size() == 2);
  CHECK(messages_in("").empty());
  CHECK(messages_in("no mbox\n").empty());
  CHECK(messages_in(line + "\n" + line + "\n") ==
        std::vector<Found>{{"", 0, 1'000'000'000}, {"", 0, 1'000'000'000}});
}

TEST_CASE("a length that lies does not hide a message") {
  const std::string line(kLine);
  for (const std::string length : {"0", "1", "3", "1000", "99999999999999999999", "-1", "x"}) {
    CAPTURE(length);
    const auto found = messages_in(line + "Content-Length: " + length + "\n\nx\n\n" + line + "c: d\n\ny\n\n",
                                   Quoting::mboxcl2);
    REQUIRE(found.size() == 2);
    CHECK(found[1].text == "c: d\n\ny\n");
  }
}

TEST_CASE("beginnings are found wherever they lie to the window that the file is read by") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const std::size_t around : {std::size_t{1} << 18U, std::size_t{1} << 19U}) {
    for (int round = 0; round < 40; ++round) {
      const auto shift = random() % 1200;
      const auto width = 1 + random() % 70;
      std::string body = "a: b\n\n";
      while (body.size() < around - shift) body += std::string(width, 'x') + "\n";
      const auto mbox = letter(body) + letter("c: d\n\ny\n") + letter(body);
      const auto found = messages_in(mbox);
      REQUIRE(found.size() == 3);
      CHECK(found[0].text == body);
      CHECK(found[1].text == "c: d\n\ny\n");
      CHECK(found[2].text == body);
    }
  }
}

TEST_CASE("many messages, and many lines of a header, are read in one pass, and until the time is up") {
  const auto begin = std::clock();
  std::string header;
  for (int line = 0; line < 100'000; ++line) header += "a:\n";
  const auto text = rendered("", header + "\nbody\n", Quoting::mboxcl2);
  const auto found = messages_in(letter(text), Quoting::mboxcl2);
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == header + "\nbody\n");
  std::string many;
  for (int number = 0; number < 50'000; ++number) many += letter("a: b\n\nx\n");
  const pigeon::testing::TemporaryDirectory directory;
  directory.write("mbox", many);
  const pigeon::Fd file(::open((directory / "mbox").c_str(), O_RDONLY));
  mda_mbox::Window window(file, many.size(), "mbox", Deadline::in(std::chrono::seconds(100)));
  const auto count = mda_mbox::count_messages(window, Quoting::mboxrd);
  REQUIRE(count);
  CHECK(*count == 50'000);
  CHECK(std::clock() - begin < 8 * CLOCKS_PER_SEC);  // of this process, however busy the machine is
  mda_mbox::Window late(file, many.size(), "mbox", Deadline());
  const auto none = mda_mbox::count_messages(late, Quoting::mboxrd);
  REQUIRE_FALSE(none);
  CHECK(none.failure().status == PIGEON_TIMEOUT);
}

TEST_CASE("the pieces that a message comes in make no difference") {
  std::mt19937 random(7);
  for (const auto& body : bodies) {
    if (body.size() > 1000) continue;
    for (const auto quoting : {Quoting::mboxrd, Quoting::mboxcl2}) {
      const auto text = rendered("", body, quoting, PIGEON_MARK_SEEN);
      for (int round = 0; round < 20; ++round) {
        std::string back;
        mda_mbox::Original original(quoting, [&](std::string_view bytes) {
          back += bytes;
          return true;
        });
        for (std::size_t at = 0; at < text.size();) {
          const auto piece = 1 + random() % 5;
          original.add(std::string_view(text).substr(at, piece));
          at += piece;
        }
        original.end();
        CHECK(back == body);
      }
    }
  }
}
