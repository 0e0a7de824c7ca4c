// SPDX-License-Identifier: MIT
//
// Level 3 of an MDA: hostile names and requests, planted links, bad file systems.
#include "conformance/check.hpp"
#include "conformance/mailbox.hpp"
#include "conformance/process_state.hpp"
#include "conformance/snapshot.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/text.hpp>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace pigeon::conformance {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMda = "pigeon/abi/mda.h";
constexpr const char* kDeliver = "pigeon/abi/mda.h, deliver";
constexpr const char* kMemory = "pigeon/abi/object.h, Memory";
const Principal alice = {"example.com", "alice"};

bool is_permanent(const Receipt& receipt) {
  return PIGEON_STATUS_RANGE(receipt.status) == PIGEON_STATUS_RANGE(PIGEON_UNKNOWN_RECIPIENT);
}

// The instance's own files are in a directory below the trial's; what is beside it must never change.
struct Surroundings {
  explicit Surroundings(Trial& trial) : directory(fs::path(trial.directory()).parent_path() / "beside") {
    fs::create_directory(directory);
    fs::create_directory(directory / "sub");
  }
  [[nodiscard]] Snapshot look() const { return snapshot_of(directory.string()); }
  fs::path directory;
};

Finding stays_in_its_place(Trial& trial) {
  const Surroundings beside(trial);
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  const auto top = snapshot_of(fs::path(trial.directory()).parent_path().string());
  const std::vector<std::string> names = {"..",
                                          ".",
                                          "../../beside/x",
                                          "/etc",
                                          "a/b",
                                          ".hidden",
                                          "a\nb",
                                          std::string("a\0b", 3),
                                          std::string(64, 'x'),
                                          std::string(255, 'y'),
                                          "\xff\xfe",
                                          "*",
                                          "~root",
                                          "-rf",
                                          "$(id)"};
  int number = 0;
  for (const auto& name : names) {
    for (const auto& principal : {Principal{"example.com", name}, Principal{name, "alice"}}) {
      const auto proposed = mailbox.propose(principal);
      if (!proposed) continue;
      const Allocation allocation = {"id" + std::to_string(++number), *proposed, principal};
      if (!mailbox.ensure(allocation)) continue;
      mailbox.use(allocation);
      static_cast<void>(mailbox.deliver({.id = "d1", .text = trial.random_text(16)}));
    }
  }
  auto after = snapshot_of(fs::path(trial.directory()).parent_path().string());
  const auto own = fs::path(trial.directory()).filename().string();
  std::erase_if(after, [&](const auto& entry) { return starts_with(entry.first, own + "/"); });
  auto before = top;
  std::erase_if(before, [&](const auto& entry) { return starts_with(entry.first, own + "/"); });
  const auto changed = difference(before, after);
  PIGEON_EXPECT(changed.empty(), "allocated and delivered to principals with hostile names",
                "nothing outside its own directory changes", changed);
  return Finding::passed();
}

Finding confines_allocations(Trial& trial) {
  const Surroundings beside(trial);
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto good = mailbox.allocation();
  const auto before = beside.look();
  const auto absolute = beside.directory.string();
  for (const auto& hostile : {std::string("../../beside"), std::string("../../beside/new"), absolute,
                              absolute + "/new", std::string("x/../../../beside/new"), std::string("."),
                              std::string(".."), std::string("a\nb"), std::string(5000, 'z')}) {
    for (const auto& [name, values] : good.attributes) {
      auto allocation = good;
      allocation.attributes.set(name, hostile);
      static_cast<void>(mailbox.ensure(allocation));
      mailbox.use(allocation);
      static_cast<void>(mailbox.deliver({.id = "d1", .text = trial.random_text(16)}));
      // As a request, too: an administrator makes mistakes.
      static_cast<void>(mailbox.propose(alice, Attributes{{name, {hostile}}}));
    }
    const auto changed = difference(before, beside.look());
    PIGEON_EXPECT(changed.empty(), "gave it an allocation that leads to " + printable(hostile.substr(0, 60)),
                  "nothing outside its own directory changes", changed);
  }
  return Finding::passed();
}

Finding follows_no_link(Trial& trial) {
  const Surroundings beside(trial);
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  if (hands_over(*instance)) return Finding::skipped("another server keeps the files");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  if (!mailbox.is_in_files()) return Finding::skipped("it keeps nothing in files");
  std::vector<fs::path> directories;
  const auto base = fs::directory_iterator(trial.directory())->path();
  for (const auto& entry : fs::recursive_directory_iterator(base)) {
    if (entry.is_directory()) directories.push_back(entry.path());
  }
  if (directories.empty()) return Finding::skipped("its mailbox has no directory");
  int number = 0;
  for (const auto& directory : directories) {
    const auto moved = beside.directory / ("moved" + std::to_string(++number));
    fs::rename(directory, moved);
    fs::create_directory_symlink(moved, directory);
    const auto before = beside.look();
    const auto receipt = mailbox.deliver({.id = "d" + std::to_string(number), .text = trial.random_text(16)});
    const auto changed = difference(before, beside.look());
    const auto shown = "replaced " + fs::relative(directory, base).string() +
                       " by a link to a directory elsewhere, and delivered";
    PIGEON_EXPECT(changed.empty(), shown, "that nothing is written there", changed);
    PIGEON_EXPECT(!is_permanent(receipt), shown, "a temporary failure", told(receipt));
    fs::remove(directory);
    fs::rename(moved, directory);
  }
  return Finding::passed();
}

Finding keeps_mail_private(Trial& trial) {
  ::umask(0);
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  if (hands_over(*instance)) return Finding::skipped("another server keeps the files");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  if (!mailbox.is_in_files()) return Finding::skipped("it keeps nothing in files");
  const auto receipt = mailbox.deliver({.id = "d1", .text = trial.random_text(64)});
  PIGEON_EXPECT(receipt.is_stored(), "delivered a message", "success", told(receipt));
  const auto base = fs::directory_iterator(trial.directory())->path();
  for (const auto& entry : fs::recursive_directory_iterator(base)) {
    struct stat status = {};
    ::lstat(entry.path().c_str(), &status);
    PIGEON_EXPECT((status.st_mode & 077U) == 0,
                  "looked at the mode of " + fs::relative(entry.path(), base).string() + ", with umask 0",
                  "nothing for group and others",
                  std::to_string((status.st_mode >> 6U) & 7U) + std::to_string((status.st_mode >> 3U) & 7U) +
                      std::to_string(status.st_mode & 7U));
  }
  return Finding::passed();
}

// A message in memory of its own, which is read-only during the call and gone after it.
Finding keeps_no_pointer(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (int number = 0; number < 3; ++number) {
    const auto text = trial.random_text(page);
    void* memory = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PIGEON_EXPECT(memory != MAP_FAILED, "made two pages of memory", "them", strerrordesc_np(errno));
    std::memcpy(memory, text.data(), page);
    ::mprotect(memory, page, PROT_READ);
    ::mprotect(static_cast<char*>(memory) + page, page, PROT_NONE);
    const auto receipt = mailbox.deliver_from({.id = "d" + std::to_string(number), .text = {}},
                                              {static_cast<const char*>(memory), page});
    ::mprotect(memory, page, PROT_NONE);  // unmapped, the next page could come to lie in the same place
    PIGEON_EXPECT(receipt.is_stored(), "delivered from read-only memory that ends with the message",
                  "success", told(receipt));
    PIGEON_EXPECT(mailbox.copies(text) == 1, "looked for that message", "once",
                  std::to_string(mailbox.copies(text)) + " times");
  }
  return Finding::passed();
}

Finding leaks_nothing(Trial& trial) {
  constexpr int kMessages = 100;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  auto foreign = mailbox.allocation();
  const auto own = foreign;
  foreign.id = "id2";
  // A connection to a server may be kept: what the first message opens is not lost.
  static_cast<void>(mailbox.deliver({.id = "first", .text = trial.random_text(16)}));
  const auto before = ProcessState::now();
  for (int number = 0; number < kMessages; ++number) {
    mailbox.use(number % 2 == 0 ? own : foreign);  // failures must not leak either
    static_cast<void>(mailbox.deliver({.id = "d" + std::to_string(number), .text = trial.random_text(16)}));
  }
  const auto changed = difference(before, ProcessState::now());
  PIGEON_EXPECT(changed.empty(),
                "delivered " + std::to_string(kMessages) + " messages, every other one in vain",
                "the process as it was", changed);
  return Finding::passed();
}

Finding takes_full_disk_for_trouble(Trial& trial, Mailbox& mailbox) {
  static_cast<void>(::signal(SIGXFSZ, SIG_IGN));  // as the host has it
  const rlimit small = {4096, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto text = trial.random_text(100'000);
  const auto receipt = mailbox.deliver({.id = "d1", .text = text});
  PIGEON_EXPECT(!receipt.is_stored() && !is_permanent(receipt),
                "delivered 100 000 bytes where a file may have 4096", "a temporary failure", told(receipt));
  const rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  const auto again = mailbox.deliver({.id = "d1", .text = text});
  PIGEON_EXPECT(again.is_stored() && mailbox.copies(text) == 1, "lifted the limit, and delivered again",
                "one copy", told(again) + ", " + std::to_string(mailbox.copies(text)) + " copies");
  return Finding::passed();
}

Finding takes_limits_for_trouble(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  if (!hands_over(*instance) && mailbox.is_in_files()) {
    auto full = takes_full_disk_for_trouble(trial, mailbox);
    if (full.status != Finding::Status::passed) return full;
  }
  const rlimit few = {8, RLIM_INFINITY};
  rlimit usual = {};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  ::setrlimit(RLIMIT_NOFILE, &few);
  const auto without = mailbox.deliver({.id = "d2", .text = trial.random_text(16)});
  ::setrlimit(RLIMIT_NOFILE, &usual);
  PIGEON_EXPECT(!is_permanent(without), "delivered with hardly any descriptor left",
                "success, or a temporary failure", told(without));
  if (hands_over(*instance)) return Finding::skipped("it writes to no disk here; descriptors it can lack");
  return Finding::passed();
}

Finding ends_by_the_deadline(Trial& trial) {
  if (const auto unseen = cannot_look(trial)) return *unseen;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  Mailbox mailbox(trial, *instance);
  PIGEON_EXPECT_OK(mailbox.make(alice, "id1"), "made a mailbox");
  const auto begin = Clock::now();
  const auto text = trial.random_text(16);
  const auto receipt =
      mailbox.deliver({.id = "d1", .text = text, .deadline = Deadline::in(std::chrono::seconds(0))});
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  PIGEON_EXPECT(took < 1000, "delivered with a deadline that has passed", "an answer within a second",
                std::to_string(took) + " ms");
  PIGEON_EXPECT(!is_permanent(receipt), "delivered with a deadline that has passed",
                "success, or a temporary failure", told(receipt));
  PIGEON_EXPECT(!receipt.is_stored() || mailbox.copies(text) == 1, "looked for the message",
                "once, as it was said to be stored", std::to_string(mailbox.copies(text)) + " times");
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MDA-20", Weight::must, 3, PIGEON_KIND_MDA,
          "No name of a user or a domain leads out of the MDA's own place",
          "allocates for hostile names, and looks at what is beside its directory", kMda, stays_in_its_place},
    Check{"MDA-21", Weight::must, 3, PIGEON_KIND_MDA,
          "No allocation and no request leads out of the MDA's own place",
          "ensures and delivers by allocations that somebody has tampered with", kMda, confines_allocations},
    Check{"MDA-22", Weight::must, 3, PIGEON_KIND_MDA, "No link that somebody has planted is followed",
          "replaces each directory in turn by a link to one elsewhere, and delivers", kMda, follows_no_link},
    Check{"MDA-23", Weight::must, 3, PIGEON_KIND_MDA,
          "Nobody else can read the mail, whatever the file mode mask is",
          "delivers with umask 0, and looks at the modes", kMda, keeps_mail_private},
    Check{"MDA-24", Weight::must, 3, PIGEON_KIND_MDA,
          "What was lent is read only, only as far as it goes, and not after the call",
          "delivers from read-only memory with nothing behind it, and takes it away", kMemory,
          keeps_no_pointer},
    Check{"MDA-25", Weight::must, 3, PIGEON_KIND_MDA,
          "A delivery leaks nothing, whether it succeeds or fails",
          "delivers a hundred messages, every other one in vain", kDeliver, leaks_nothing},
    Check{"MDA-26", Weight::must, 3, PIGEON_KIND_MDA,
          "A full disk and a lack of descriptors are temporary, and are got over",
          "delivers under limits of file size and of descriptors, and again without", kDeliver,
          takes_limits_for_trouble},
    Check{"MDA-29", Weight::must, 3, PIGEON_KIND_MDA,
          "A deadline that has passed ends a delivery soon, and never for good",
          "delivers with such a deadline", kDeliver, ends_by_the_deadline},
};

}  // namespace

std::span<const Check> mda_hostile_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
