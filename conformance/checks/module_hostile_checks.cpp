// SPDX-License-Identifier: MIT
//
// Level 3 of a module: services that fail, messages that nobody meant well, and many at once.
#include "conformance/check.hpp"
#include "conformance/error_form.hpp"
#include "conformance/module_host.hpp"
#include "conformance/printed.hpp"
#include "conformance/process_state.hpp"
#include "conformance/trial.hpp"

#include <pigeon/abi/module.h>

#include <sys/resource.h>

#include <array>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pigeon::conformance {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr const char* kModule = "pigeon/abi/module.h";
constexpr const char* kRun = "pigeon/abi/module.h, pigeon_run";
constexpr const char* kStatus = "pigeon/abi/status.h";
constexpr const char* kMemory = "pigeon/abi/object.h, Memory";
constexpr const char* kTime = "pigeon/abi/plugin.h, Time";
// After the deadline, before the host kills the process.
constexpr auto kGrace = std::chrono::seconds(1);

constexpr std::array kTemporary = {PIGEON_TEMPORARY, PIGEON_UNAVAILABLE,   PIGEON_TIMEOUT,       PIGEON_BUSY,
                                   PIGEON_NO_SPACE,  PIGEON_MISCONFIGURED, UINT32_C(0x1fff),     PIGEON_BUG,
                                   UINT32_C(0x7000), PIGEON_UNSUPPORTED,   UINT32_C(0xffff'f000)};
constexpr std::array kPermanent = {PIGEON_UNKNOWN_RECIPIENT, PIGEON_REFUSED, PIGEON_MESSAGE_REFUSED};

bool is_storing(const std::string& service) {
  return service == "store" || service == "allocate";
}

// What a module that met this failure must have answered; empty if it has.
std::string wrong_with_answer(const ModuleHost::Answer& answer, const Scene& scene) {
  if (answer.is_taken()) return "it says that it has taken the message: " + answer.told();
  if (answer.status == PIGEON_OK) return "it goes on as if nothing had been: " + answer.told();
  const bool is_passed_on = answer.status == scene.failure && is_storing(scene.failing);
  if (is_permanent(answer.status) && !is_passed_on) return "it bounces the message for it: " + answer.told();
  if (PIGEON_STATUS_RANGE(answer.status) == 0) return "no failure: " + answer.told();
  return {};
}

Finding passes_failures_on(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  const auto usual = host.run(*instance, {});
  std::map<std::string, int> calls;
  for (const auto& call : usual.calls) ++calls[call.service];
  if (calls.empty()) return Finding::skipped("it asks the host for nothing");
  for (const auto& [service, count] : calls) {
    std::vector<pigeon_status> statuses(kTemporary.begin(), kTemporary.end());
    if (is_storing(service)) statuses.insert(statuses.end(), kPermanent.begin(), kPermanent.end());
    for (int from = 1; from <= count; ++from) {
      for (const auto status : statuses) {
        const Scene scene = {.failing = service, .from_call = from, .failure = status};
        const auto wrong = wrong_with_answer(host.run(*instance, scene), scene);
        PIGEON_EXPECT(
            wrong.empty(),
            "had its call " + std::to_string(from) + " of " + service + " answered with " + shown(status),
            "a temporary failure, or the permanent one with which store or allocate refused", wrong);
      }
    }
  }
  const auto after = host.run(*instance, {});
  PIGEON_EXPECT(after.told() == usual.told(), "ran it once more, when all is well again", usual.told(),
                after.told());
  return Finding::passed();
}

std::string many_fields(int count) {
  std::string text;
  for (int field = 0; field < count; ++field) text += "X-" + std::to_string(field) + ": y\n";
  return text + "\nx\n";
}

std::vector<std::pair<std::string, Scene>> hostile_deliveries(Trial& trial) {
  const std::string huge(1U << 20U, 'x');
  std::string nested;
  for (int part = 0; part < 10'000; ++part)
    nested += "Content-Type: multipart/mixed; boundary=" + std::to_string(part) + "\n\n--" +
              std::to_string(part) + "\n";
  return {
      {"an empty message", {.message = ""}},
      {"a line of 1 MiB", {.message = huge}},
      {"a field of 1 MiB", {.message = "Subject: " + huge + "\n\nx\n"}},
      {"a name of a field of 1 MiB", {.message = huge + ": x\n\nx\n"}},
      {"10000 fields", {.message = many_fields(10'000)}},
      {"10000 parts, one in another", {.message = nested}},
      {"100000 blank lines", {.message = std::string(100'000, '\n')}},
      {"NULs", {.message = std::string("Subject: a\0b\n\n\0\0\0", 17)}},
      {"bare CR and CRLF", {.message = "Subject: a\rBcc: x@y\r\n\rTo: z\r\n\r\nx\r"}},
      {"a continuation first", {.message = " x\n\ty\n\n"}},
      {"random bytes", {.message = trial.random_text(100'000)}},
      {"16 MiB", {.message = std::string(16U << 20U, 'x')}},
      {"a long address",
       {.sender = std::string(64'000, 'b') + "@example.org", .user = std::string(64'000, 'a')}},
      {"an address of signs", {.sender = "\"%s%n'; DROP TABLE mail; --\"@example.org", .user = "../../a"}},
      {"a folder that leads out", {.detail = "../../../etc", .folder = "../../../etc"}},
      {"a long folder", {.folder = std::string(64'000, 'f')}}};
}

Finding endures_hostile_mail(Trial& trial) {
  constexpr long kMostMemory = 256L << 10U;  // in KiB
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  for (auto& [words, scene] : hostile_deliveries(trial)) {
    rusage before = {};
    ::getrusage(RUSAGE_SELF, &before);
    scene.deadline = Deadline::in(std::chrono::seconds(5));
    const auto answer = host.run(*instance, scene);
    rusage after = {};
    ::getrusage(RUSAGE_SELF, &after);
    PIGEON_EXPECT(answer.late < kGrace, "ran it for " + words, "an answer within its deadline of 5 seconds",
                  std::to_string(duration_cast<milliseconds>(answer.late).count()) + " ms later");
    PIGEON_EXPECT(after.ru_maxrss - before.ru_maxrss < kMostMemory, "ran it for " + words,
                  "less than 256 MiB of memory", std::to_string(after.ru_maxrss - before.ru_maxrss) + " KiB");
    if (answer.status == PIGEON_OK) {
      PIGEON_EXPECT(answer.outcome <= PIGEON_OUTCOME_DONE, "ran it for " + words, "an outcome",
                    std::to_string(answer.outcome));
      continue;
    }
    const auto wrong = wrong_with(answer.status, answer.error, trial.directory());
    PIGEON_EXPECT(wrong.empty(), "ran it for " + words, "an outcome, or a failure as the header says", wrong);
  }
  return Finding::passed();
}

Finding leaks_nothing(Trial& trial) {
  constexpr int kRuns = 64;
  static_cast<void>(PIGEON_EXPECT_OK(trial.open(), "opened an instance"));
  Printed printed;
  const auto untouched = ProcessState::now();  // with what catches the output open, as it is in the end
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
    ModuleHost host(trial, instance->descriptor());
    const auto first = host.run(*instance, {}).told();
    // The first may open what stays open.
    const auto before = ProcessState::now();
    for (int run = 0; run < kRuns; ++run) {
      const auto answer = host.run(*instance, {}).told();
      PIGEON_EXPECT(answer == first, "ran it " + std::to_string(run + 2) + " times", first, answer);
    }
    const auto changed = difference(before, ProcessState::now());
    PIGEON_EXPECT(changed.empty(), "ran it " + std::to_string(kRuns) + " times on one instance",
                  "the process as it was after the first", changed);
  }
  const auto changed = difference(untouched, ProcessState::now());
  const auto text = printed.text();
  PIGEON_EXPECT(text.empty(), "opened, ran and closed it", "nothing printed",
                "it printed '" + printable(text) + "'");
  PIGEON_EXPECT(changed.empty(), "opened, ran and closed it", "the process as it was", changed);
  return Finding::passed();
}

// Memory that was lent is gone after each call: who looks there dies.
Finding keeps_no_lent_memory(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  for (const auto* sender : {"a@example.org", "b@example.org", "c@example.org"}) {
    const auto fresh = PIGEON_EXPECT_OK(trial.open(), "opened another instance");
    const auto alone = ModuleHost(trial, fresh->descriptor()).run(*fresh, {.sender = sender}).told();
    const auto in_turn = host.run(*instance, {.sender = sender}).told();
    PIGEON_EXPECT(in_turn == alone, std::string("ran it for a message from ") + sender + " after others",
                  "what an instance does that has seen no other: " + alone, in_turn);
  }
  PIGEON_EXPECT_OK(instance->check(), "checked it after that");
  return Finding::passed();
}

Finding heeds_its_deadline(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  ModuleHost host(trial, instance->descriptor());
  // What the host's services answer then.
  for (const auto* service : {"fetch", "allocate", "store"}) {
    const Scene scene = {
        .deadline = Deadline::in(milliseconds(0)), .failing = service, .failure = PIGEON_TIMEOUT};
    const auto answer = host.run(*instance, scene);
    PIGEON_EXPECT(answer.late < kGrace, "ran it with a deadline that has passed", "an answer within a second",
                  "one after " + std::to_string(duration_cast<milliseconds>(answer.late).count()) + " ms");
    PIGEON_EXPECT(answer.status == PIGEON_OK || !is_permanent(answer.status),
                  "ran it with a deadline that has passed", "no permanent failure", answer.told());
    PIGEON_EXPECT(answer.count(service) == 0 || !answer.is_taken(), "ran it with a deadline that has passed",
                  std::string("that it takes nothing, as ") + service + " failed", answer.told());
  }
  return Finding::passed();
}

Finding works_in_threads(Trial& trial) {
  constexpr std::size_t kThreads = 8;
  constexpr int kRuns = 25;
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  const auto settings = PIGEON_EXPECT_OK(trial.settings(), "made up settings");
  ModuleHost only(trial, instance->descriptor());
  std::array<std::string, kThreads> alone;
  for (std::size_t number = 0; number < kThreads; ++number)
    alone.at(number) = only.run(*instance, {.folder = "folder" + std::to_string(number)}).told();
  std::array<std::string, kThreads> wrong;
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < kThreads; ++number) {
    threads.emplace_back([&, number] {
      const auto opened = trial.open_with(settings);
      if (!opened) {
        wrong.at(number) = opened.failure().detail;
        return;
      }
      ModuleHost host(trial, (*opened)->descriptor());
      const Scene scene = {.folder = "folder" + std::to_string(number)};
      for (int run = 0; run < kRuns && wrong.at(number).empty(); ++run) {
        if (const auto told = host.run(**opened, scene).told(); told != alone.at(number))
          wrong.at(number) = told;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t number = 0; number < kThreads; ++number) {
    PIGEON_EXPECT(wrong.at(number).empty(), "ran it in 8 threads, each with an instance of its own",
                  "that each does what it does alone", wrong.at(number));
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"MODULE-07", Weight::must, 3, PIGEON_KIND_MODULE,
          "A module whose host fails it fails in turn, and never says that it took what was not stored",
          "has each call of each service answered with each kind of failure", kStatus, passes_failures_on},
    Check{"MODULE-08", Weight::must, 3, PIGEON_KIND_MODULE, "No message does a module harm",
          "runs it for messages that are huge, empty, broken, or full of signs", kModule,
          endures_hostile_mail},
    Check{"MODULE-09", Weight::must, 3, PIGEON_KIND_MODULE,
          "Running a module leaks nothing, and leaves the process as it was",
          "runs one instance 64 times, and compares the process before and after", kModule, leaks_nothing},
    Check{"MODULE-10", Weight::must, 3, PIGEON_KIND_MODULE,
          "A module keeps nothing of a delivery that was lent to it, and reads no further than it was lent",
          "lends it memory that ends behind each text and is gone after each call", kMemory,
          keeps_no_lent_memory},
    Check{"MODULE-11", Weight::must, 3, PIGEON_KIND_MODULE, "A call returns by its deadline",
          "runs it with a deadline that has passed, and services that time out", kTime, heeds_its_deadline},
    Check{"MODULE-12", Weight::must, 3, PIGEON_KIND_MODULE,
          "Instances in different threads do not disturb each other",
          "runs it in 8 threads, each with an instance", kRun, works_in_threads},
};

}  // namespace

std::span<const Check> module_hostile_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
