// SPDX-License-Identifier: MIT
//
// Level 3 of a datatree: hostile names and values, memory that is only lent, deadlines that have passed.
#include "conformance/check.hpp"
#include "conformance/process_state.hpp"
#include "conformance/tree_client.hpp"
#include "conformance/trial.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

using std::chrono::seconds;

constexpr const char* kHeader = "pigeon/abi/datatree.h";
constexpr const char* kReadOnly = "it does not claim to write, so nothing can be put into it";
const std::vector<std::string>& hostile_values() {
  using namespace std::string_literals;  // for what holds a NUL
  static const std::vector<std::string> values = {
      "'; DROP TABLE tree; --",
      "\" OR \"\"=\"",
      "\\",
      "\\'",
      "`x`",
      "%s%n",
      "*)(objectClass=*",
      "(&(a=b))",
      "../../etc/passwd",
      "%2F",
      "%00",
      "a\0b"s,
      "\0"s,
      "x\0"s,
      "x",
      "x ",
      " x",
      "X",
      "\n",
      "a\r\nb: c",
      "\t",
      "\xe2\x80\xae.txt",  // NOLINT(misc-misleading-bidirectional)
      "\xc3\xa4",
      "a\xcc\x88",
      "\xff\xfe",
      "\xc0\xaf",
      "\xed\xa0\x80",
      "007",
      "7",
      "7.0",
      "1e3",
      "1000",
      "0x10",
      "NULL",
      "null",
      "TRUE",
      "true",
      "=",
      "a=b",
      "|",
      ",",
      ";",
      "{directory}",
      "${HOME}",
      "-1",
      "\xef\xbb\xbf.bom",
      std::string(255, 'x'),
      std::string(4096, 'y'),
      std::string(65536, 'z')};
  return values;
}

std::string shown_value(const std::string& value) {
  return "'" + printable(value.substr(0, 40)) + "' (" + std::to_string(value.size()) + " bytes)";
}

Finding keeps_hostile_values(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  PIGEON_EXPECT_STATUS(tree.create("/v", "plain"), PIGEON_OK, "created an object");
  std::string stands = "plain";
  const auto set_if = [&](const std::string& condition) {
    return tree.apply({.path = tree_path_of("/v"),
                       .changes = {Change::set("other", "x")},
                       .preconditions = {Precondition::equal("note", condition)}});
  };
  for (const auto& value : hostile_values()) {
    const auto what = "set an attribute to " + shown_value(value);
    const auto reply = tree.set("/v", "note", {value});
    PIGEON_EXPECT(reply.is_ok() || reply.is_temporary(), what, "success, or a refusal", reply.shown());
    PIGEON_EXPECT(
        reply.is_ok() || !is_utf8(value) || value.find('\0') != std::string::npos || value.size() > 60'000,
        what, "success, for it is UTF-8", reply.shown());
    const auto before = stands;
    if (reply.is_ok()) stands = value;
    const auto came = tree.value("/v", "note");
    PIGEON_EXPECT(came == stands, what, "exactly " + shown_value(stands), shown_value(came));
    if (before != stands)
      PIGEON_EXPECT_STATUS(set_if(before), PIGEON_CONFLICT,
                           what + ", and wrote on the condition that it is " + shown_value(before));
    if (reply.is_ok())
      PIGEON_EXPECT_STATUS(set_if(value), PIGEON_OK, what + ", and wrote on the condition that it is that");
    PIGEON_EXPECT_STATUS(set_if(value + " "), PIGEON_CONFLICT,
                         what + ", and wrote on the condition that it is that and a blank");
    if (tree.set("/v", "labels", {value, "plain"}).is_ok() && value != "plain") {
      const auto two = tree.fetch("/v");
      PIGEON_EXPECT(two.is_ok() && two.objects.front().attributes.all("labels").size() == 2,
                    "set two values, one of them " + shown_value(value), "two",
                    two.is_ok() ? "another number" : two.shown());
    }
  }
  return Finding::passed();
}

Finding keeps_hostile_names(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::skipped(kReadOnly);
  PIGEON_EXPECT_STATUS(tree.create("/n"), PIGEON_OK, "created an object");
  std::vector<std::string> made;
  for (const auto& name : hostile_values()) {
    if (!TreePath::is_name(name)) continue;
    const auto path = tree_path_of("/n").child(name).text();
    PIGEON_EXPECT_STATUS(tree.fetch(path), PIGEON_NOT_THERE,
                         "fetched " + shown_value(name) + ", which is absent");
    const auto reply = tree.create(path, "note of " + name);
    PIGEON_EXPECT(reply.is_ok() || reply.is_temporary(), "created " + shown_value(name),
                  "success, or a refusal", reply.shown());
    if (reply.is_ok()) made.push_back(name);
  }
  for (const auto& name : made) {
    const auto reply = tree.fetch(tree_path_of("/n").child(name).text());
    PIGEON_EXPECT(reply.is_ok() && tree_path_of(reply.objects.front().path).name() == name &&
                      reply.objects.front().attributes.get("note") == "note of " + name,
                  "fetched " + shown_value(name), "what was created under it", reply.shown());
  }
  const auto listed = tree.fetch("/n", 1);
  PIGEON_EXPECT(listed.objects.size() == made.size() + 1, "fetched all of them",
                std::to_string(made.size() + 1) + " objects", std::to_string(listed.objects.size()));
  using namespace std::string_literals;  // for what holds a NUL
  for (const auto& path : {""s, "n"s, "//"s, "/n/"s, "/n//x"s, "/%"s, "/%zz"s, "/%2"s, "/n/\xff"s, "/n\0"s}) {
    const auto reply = tree.fetch(path);
    PIGEON_EXPECT(reply.is_temporary() && reply.objects.empty(),
                  "fetched '" + printable(path) + "', which is no path", "a failure, and no object",
                  reply.shown());
  }
  for (const auto& name :
       {"../../x"s, "a'b"s, "checkPlace\""s, ""s, "noSuchClass"s, std::string(10240, 'c')}) {
    const auto reply = tree.apply({.path = tree_path_of("/n/c"), .changes = {Change::create(name)}});
    PIGEON_EXPECT(
        reply.is_temporary() || (reply.is_ok() && tree.fetch("/n/c").objects.front().objectclass == name),
        "created an object of class " + shown_value(name), "a refusal, or exactly that class", reply.shown());
    static_cast<void>(tree.apply({.path = tree_path_of("/n/c"), .changes = {Change::remove()}}));
  }
  return Finding::passed();
}

// Memory that can be read until this is destroyed, and never written. Its place is given to nobody else
// afterwards: whoever looks there again dies.
class LentMemory {
 public:
  LentMemory()
      : begin_(static_cast<char*>(
            ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  LentMemory(const LentMemory&) = delete;
  LentMemory& operator=(const LentMemory&) = delete;
  LentMemory(LentMemory&&) = delete;
  LentMemory& operator=(LentMemory&&) = delete;
  ~LentMemory() { ::mprotect(begin_, kSize, PROT_NONE); }

  template <typename T>
  const T* put(std::span<const T> values) {
    used_ = (used_ + 15U) / 16U * 16U;
    char* at = begin_ + used_;
    std::memcpy(at, values.data(), values.size_bytes());
    used_ += values.size_bytes();
    return reinterpret_cast<const T*>(at);
  }
  template <typename T>
  const T* put(const T& value) {
    return put(std::span<const T>(&value, 1));
  }
  pigeon_string text(std::string_view text) {
    return {put(std::span(text.data(), text.size())), text.size()};
  }
  void seal() { ::mprotect(begin_, kSize, PROT_READ); }

 private:
  static constexpr std::size_t kSize = 1U << 16U;
  char* begin_;
  std::size_t used_ = 0;
};

std::uint32_t ignore_object(void* /*context*/, const pigeon_object* /*object*/) noexcept {
  return 0;
}

Finding keeps_nothing_lent(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  const auto deadline = TreeClient::soon().value();
  const pigeon_object_sink sink = {sizeof sink, 0, nullptr, ignore_object};
  for (int round = 0; round < 20; ++round) {
    const auto name = "/lent" + std::to_string(round);
    auto error = blank_error();
    if (tree.can(PIGEON_DATATREE_APPLY)) {
      LentMemory lent;
      const std::array values = {lent.text("a value that is lent"), lent.text("another one")};
      const std::array<pigeon_change, 2> changes = {
          {{PIGEON_CHANGE_CREATE, 0, lent.text(kPlace), nullptr, 0},
           {PIGEON_CHANGE_SET, 0, lent.text("labels"), lent.put(std::span<const pigeon_string>(values)), 2}}};
      const pigeon_precondition absent = {PIGEON_IF_OBJECT_ABSENT, 0, {}, {}};
      const pigeon_update update = {sizeof update,
                                    0,
                                    deadline,
                                    lent.text(name),
                                    lent.put(std::span<const pigeon_change>(changes)),
                                    changes.size(),
                                    lent.put(absent),
                                    1,
                                    nullptr};
      const auto* sealed = lent.put(update);
      lent.seal();
      const auto status = tree.operations().apply(tree.instance(), sealed, &error);
      PIGEON_EXPECT(status == PIGEON_OK, "wrote from memory that cannot be written", "success",
                    copy(error, status).detail);
    }
    LentMemory lent;
    const pigeon_fetch request = {sizeof request, 0, deadline, lent.text(name), 0, 0};
    const auto* sealed = lent.put(request);
    const auto* sealed_sink = lent.put(sink);
    lent.seal();
    const auto status = tree.operations().fetch(tree.instance(), sealed, sealed_sink, &error);
    PIGEON_EXPECT(status == PIGEON_OK || !tree.can(PIGEON_DATATREE_APPLY),
                  "fetched from memory that is gone after it", "success", copy(error, status).detail);
  }
  if (!tree.can(PIGEON_DATATREE_APPLY)) return Finding::passed();
  const auto reply = tree.fetch("/lent3");
  PIGEON_EXPECT(reply.is_ok() && spelled(reply.objects.front()) ==
                                     "/lent3 checkPlace labels=a value that is lent|another one",
                "read what was written from memory that is gone", "all of it", reply.shown());
  return Finding::passed();
}

Finding leaks_nothing(Trial& trial) {
  constexpr int kCalls = 1000;
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  const auto call_all = [&](int round) {
    static_cast<void>(tree.fetch("/", 1));
    static_cast<void>(tree.fetch("/nobody/x"));
    if (tree.can(PIGEON_DATATREE_CHILDREN)) static_cast<void>(tree.children("/"));
    // Failing writes take the same ways as others, but for the flush.
    if (tree.can(PIGEON_DATATREE_APPLY)) static_cast<void>(tree.create("/"));
    if (tree.can(PIGEON_DATATREE_APPLY) && round % 20 == 0)
      static_cast<void>(tree.create("/" + std::to_string(round)));
    if (tree.can(PIGEON_DATATREE_LOCK)) static_cast<void>(tree.unlock("/", "made up"));
  };
  call_all(0);
  const auto before = ProcessState::now();
  for (int round = 1; round <= kCalls; ++round) call_all(round);
  const auto changed = difference(before, ProcessState::now());
  PIGEON_EXPECT(changed.empty(), "called each function a thousand times", "the process as it was", changed);
  return Finding::passed();
}

Finding knows_that_it_is_late(Trial& trial) {
  auto tree = PIGEON_EXPECT_OK(TreeClient::open(trial), "opened and initialized a tree");
  const bool can_write = tree.can(PIGEON_DATATREE_APPLY);
  if (can_write) PIGEON_EXPECT_STATUS(tree.create("/a", "old"), PIGEON_OK, "created /a");
  const auto past = Deadline(1);
  const auto begin = Clock::now();
  std::vector<std::pair<std::string, Reply>> replies = {{"fetched", tree.fetch("/", 1, past)}};
  if (tree.can(PIGEON_DATATREE_CHILDREN)) replies.emplace_back("listed", tree.children("/", "", 10, past));
  if (tree.can(PIGEON_DATATREE_LOCK)) replies.emplace_back("locked", tree.lock("/", seconds(60), past));
  if (can_write) {
    replies.emplace_back(
        "wrote",
        tree.apply({.path = tree_path_of("/a"), .changes = {Change::set("note", "new")}, .deadline = past}));
  }
  PIGEON_EXPECT(Clock::now() - begin < seconds(3), "called it with a deadline that has passed",
                "answers at once", "answers after seconds");
  for (const auto& [what, reply] : replies) {
    PIGEON_EXPECT(reply.is_ok() || reply.is_temporary(), what + " with a deadline that has passed",
                  "success, or a temporary failure", reply.shown());
  }
  if (!can_write || replies.back().second.failure.may_have_happened) return Finding::passed();
  const auto note = tree.value("/a", "note");
  PIGEON_EXPECT((note == "new") == replies.back().second.is_ok(), "wrote with a deadline that has passed",
                "that what it answered is so", replies.back().second.shown() + ", and the value is " + note);
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"TREE-38", Weight::must, 3, PIGEON_KIND_DATATREE,
          "A value comes back to the octet, or was refused; it is equal to itself alone",
          "writes quotes, metacharacters, NUL, bad UTF-8, 64 KiB and more", kHeader, keeps_hostile_values,
          60},
    Check{"TREE-39", Weight::must, 3, PIGEON_KIND_DATATREE,
          "A name is kept to the octet, or refused; what is no path or no class finds nothing",
          "creates and fetches objects of hostile names", kHeader, keeps_hostile_names, 60},
    Check{"TREE-28", Weight::must, 3, PIGEON_KIND_DATATREE,
          "What was lent is not written, and not kept after the call",
          "calls it with memory that cannot be written and is gone afterwards", "pigeon/abi/object.h",
          keeps_nothing_lent},
    Check{"TREE-29", Weight::must, 3, PIGEON_KIND_DATATREE, "No call leaks a descriptor or a thread",
          "calls each function a thousand times", "pigeon/abi/plugin.h, Loading", leaks_nothing, 60},
    Check{"TREE-30", Weight::must, 3, PIGEON_KIND_DATATREE,
          "A call whose deadline has passed answers at once, and what it answers is so",
          "calls each function with a deadline of long ago", "pigeon/abi/plugin.h, Time",
          knows_that_it_is_late},
};

}  // namespace

std::span<const Check> tree_hostile_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
