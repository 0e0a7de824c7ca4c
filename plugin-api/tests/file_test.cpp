// SPDX-License-Identifier: MIT
#include "trace.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/testing/temporary_directory.hpp>

#include <doctest/doctest.h>

#include <filesystem>

namespace {

using pigeon::Directory;
using pigeon::testing::start_trace;
using pigeon::testing::TemporaryDirectory;
using pigeon::testing::trace;
using Calls = std::vector<std::string>;

Directory open(const TemporaryDirectory& directory) {
  auto opened = Directory::open(directory.path());
  REQUIRE(opened);
  REQUIRE(*opened);
  return **std::move(opened);
}

}  // namespace

TEST_CASE("nothing is found through a link, or above the directory") {
  const TemporaryDirectory outside;
  const TemporaryDirectory inside;
  static_cast<void>(outside.write("secret", "x"));
  std::filesystem::create_directory(inside.path() / "real");
  static_cast<void>(inside.write("real/file", "x"));
  std::filesystem::create_directory_symlink(outside.path(), inside.path() / "away");
  std::filesystem::create_directory_symlink("real", inside.path() / "near");
  std::filesystem::create_symlink("real/file", inside.path() / "link");
  const auto directory = open(inside);
  REQUIRE(*directory.find("real"));
  for (const auto* path : {"away", "near", "..", "real/../..", "/tmp"}) {
    CAPTURE(path);
    const auto found = directory.find(path);
    CHECK_FALSE((found && *found));
  }
  for (const auto* path : {"away/secret", "near/file", "link", "../secret"}) {
    CAPTURE(path);
    CHECK_FALSE(directory.read_file(path, 100));
  }
  CHECK(*directory.read_file("real/file", 100) == "x");
}

TEST_CASE("nothing is made under a name that leads elsewhere") {
  const TemporaryDirectory inside;
  std::filesystem::create_directory(inside.path() / "below");
  const auto directory = *open(inside).find("below");
  REQUIRE(directory);
  for (const auto* name : {"..", ".", "", "../x", "a/b", "/tmp/x"}) {
    CAPTURE(name);
    CHECK_FALSE(directory->make(name));
    const auto created = directory->create_file(name);
    CHECK_FALSE((created && *created));
    CHECK_FALSE(directory->publish(name, "x"));
  }
  CHECK_FALSE(directory->create_file(std::string("a\0b", 3)));
  CHECK(std::filesystem::is_empty(inside.path() / "below"));
  CHECK_FALSE(std::filesystem::exists(inside.path() / "x"));
}

TEST_CASE("a link that stands where something is to be made is neither followed nor replaced") {
  const TemporaryDirectory outside;
  const TemporaryDirectory inside;
  const auto victim = outside.write("victim", "theirs");
  std::filesystem::create_symlink(victim, inside.path() / "symbolic");
  std::filesystem::create_symlink(outside / "new", inside.path() / "dangling");
  std::filesystem::create_directory_symlink(outside.path(), inside.path() / "directory");
  std::filesystem::create_hard_link(victim, inside.path() / "hard");
  const auto directory = open(inside);
  for (const auto* name : {"symbolic", "dangling", "hard"}) {
    CAPTURE(name);
    const auto created = directory.create_file(name);
    CHECK((created && !*created));
    const auto published = directory.publish(name, "ours");
    CHECK((published && !*published));
  }
  CHECK_FALSE(directory.make("directory"));
  CHECK(outside.read("victim") == "theirs");
  CHECK_FALSE(std::filesystem::exists(outside / "new"));
}

TEST_CASE("a directory that others can write to is not used") {
  const TemporaryDirectory inside;
  std::filesystem::create_directory(inside.path() / "open");
  std::filesystem::permissions(inside.path() / "open", std::filesystem::perms::all);
  const auto made = open(inside).make("open");
  REQUIRE_FALSE(made);
  CHECK(made.failure().status == PIGEON_MISCONFIGURED);
}

TEST_CASE("what is made is its owner's alone, whatever the umask") {
  const TemporaryDirectory inside;
  const auto directory = open(inside);
  const auto before = ::umask(0);
  REQUIRE(directory.make("made"));
  REQUIRE(directory.publish("file", "x"));
  ::umask(before);
  const auto mode = [&](const char* name) {
    return std::filesystem::status(inside.path() / name).permissions();
  };
  CHECK(mode("made") == std::filesystem::perms::owner_all);
  CHECK(mode("file") == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a published file has its name after its content is durable, and its name is durable in the end") {
  const TemporaryDirectory inside;
  const auto directory = open(inside);
  start_trace();
  CHECK(*directory.publish("name", "text"));
  CHECK(trace().calls == Calls{"write", "flush file", "link", "flush directory"});
  CHECK(inside.read("name") == "text");
}

TEST_CASE("whoever publishes second changes nothing, and sees to it that the name is durable") {
  const TemporaryDirectory inside;
  const auto directory = open(inside);
  REQUIRE(*directory.publish("name", "first"));
  start_trace();
  const auto second = directory.publish("name", "second");
  REQUIRE(second);
  CHECK_FALSE(*second);
  CHECK(trace().calls.back() == "flush directory");
  CHECK(inside.read("name") == "first");
  CHECK(directory.names()->size() == 1);
}

TEST_CASE(
    "a file whose content could not be made durable does not appear; one whose name could not may be there") {
  for (const auto* call : {"write", "flush file"}) {
    CAPTURE(call);
    const TemporaryDirectory inside;
    const auto directory = open(inside);
    start_trace(call, EIO);
    const auto published = directory.publish("name", "text");
    start_trace();
    REQUIRE_FALSE(published);
    CHECK_FALSE(published.failure().may_have_happened);
    CHECK(directory.names()->empty());
  }
  for (const auto* call : {"link", "flush directory"}) {
    CAPTURE(call);
    const TemporaryDirectory inside;
    const auto directory = open(inside);
    start_trace(call, EIO);
    const auto published = directory.publish("name", "text");
    start_trace();
    REQUIRE_FALSE(published);
    CHECK(published.failure().may_have_happened);
  }
}

TEST_CASE("a failed system call says what it means for the mail, and never that it is for good") {
  for (int error = 1; error < 134; ++error) {
    CHECK(PIGEON_STATUS_RANGE(pigeon::system_failure("x", error).status) == PIGEON_TEMPORARY);
  }
  CHECK(pigeon::system_failure("x", ENOSPC).status == PIGEON_NO_SPACE);
  CHECK(pigeon::system_failure("x", EACCES).status == PIGEON_MISCONFIGURED);
  CHECK(pigeon::system_failure("open a", ENOENT).detail == "open a: No such file or directory");
}

TEST_CASE("a small file that is larger than expected, or no file, is not read") {
  const TemporaryDirectory inside;
  static_cast<void>(inside.write("file", "12345"));
  std::filesystem::create_directory(inside.path() / "directory");
  REQUIRE(::mkfifo((inside / "fifo").c_str(), 0600) == 0);
  const auto directory = open(inside);
  CHECK(*directory.read_file("file", 5) == "12345");
  CHECK_FALSE(directory.read_file("file", 4));
  CHECK_FALSE(directory.read_file("directory", 100000));
  CHECK_FALSE(directory.read_file("fifo", 100));
  const auto none = directory.read_file("none", 5);
  CHECK((none && !*none));
}

TEST_CASE("a message is written whole, and counted as IMAP counts") {
  for (const std::size_t lines : {1U, 40000U}) {
    const TemporaryDirectory inside;
    std::string body;
    for (std::size_t line = 0; line < lines; ++line) body += "a line with LF\nand one with CR LF\r\n";
    const std::string prefix = "Return-Path: <>\n";
    const pigeon_string segment = pigeon::borrow(prefix);
    const pigeon_message message = {sizeof message, 0, &segment, 1, pigeon::borrow(body)};
    const auto directory = open(inside);
    const auto file = *directory.create_file("message");
    const auto written = write_message(*file, pigeon::Message(message), "message");
    REQUIRE(written);
    CHECK(inside.read("message") == prefix + body);
    CHECK(written->bytes == prefix.size() + body.size());
    CHECK(written->wire_size == prefix.size() + body.size() + 1 + lines);
  }
}

TEST_CASE("a message in many parts, small and large, is written in their order") {
  const TemporaryDirectory inside;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < 60; ++i)
    parts.emplace_back(i % 7 == 0 ? 100'000 : i * 400, static_cast<char>('a' + i % 26));
  std::vector<pigeon_string> segments;
  std::string whole;
  for (const auto& part : parts) {
    segments.push_back(pigeon::borrow(part));
    whole += part;
  }
  const pigeon_message message = {sizeof message, 0, segments.data(), segments.size(), pigeon::borrow("x\n")};
  const auto directory = open(inside);
  const auto file = *directory.create_file("message");
  const auto written = write_message(*file, pigeon::Message(message), "message");
  REQUIRE(written);
  CHECK(inside.read("message") == whole + "x\n");
  CHECK(written->bytes == whole.size() + 2);
}
