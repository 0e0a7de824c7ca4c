// SPDX-License-Identifier: MIT
//
// Loading, opening and closing, for every kind of plugin; and that the process stays as it was.
#include "conformance/check.hpp"
#include "conformance/printed.hpp"
#include "conformance/process_state.hpp"
#include "conformance/trial.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr const char* kLife = "pigeon/abi/plugin.h, Life";
constexpr const char* kLoading = "pigeon/abi/plugin.h, Loading";

Finding opens_and_closes(Trial& trial) {
  for (int round = 0; round < 3; ++round) {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened and initialized an instance");
    PIGEON_EXPECT_OK(instance->check(), "asked a plugin that was just initialized to check itself");
  }
  return Finding::passed();
}

Finding initializes_again(Trial& trial) {
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened and initialized an instance");
  if (instance->descriptor().initialize == nullptr) return Finding::skipped("it has nothing to initialize");
  PIGEON_EXPECT_OK(instance->initialize(), "initialized what was initialized before");
  PIGEON_EXPECT_OK(instance->check(), "checked it after that");
  return Finding::passed();
}

Finding leaks_nothing(Trial& trial) {
  constexpr int kRounds = 200;
  const auto settings = PIGEON_EXPECT_OK(trial.settings(), "made up settings");
  { const auto first = PIGEON_EXPECT_OK(trial.open(), "opened and initialized an instance"); }
  const auto before = ProcessState::now();
  for (int round = 0; round < kRounds; ++round) {
    const auto opened = PIGEON_EXPECT_OK(trial.open_with(settings), "opened an instance");
    static_cast<void>(opened->check());
  }
  const auto changed = difference(before, ProcessState::now());
  PIGEON_EXPECT(changed.empty(), "opened, checked and closed " + std::to_string(kRounds) + " instances",
                "the process as it was", changed);
  return Finding::passed();
}

Finding instances_are_apart(Trial& trial) {
  auto first = PIGEON_EXPECT_OK(trial.open(), "opened an instance");
  auto second = PIGEON_EXPECT_OK(trial.open(), "opened another one");
  first.reset();
  PIGEON_EXPECT_OK(second->check(), "closed the first of two instances, and used the second");
  return Finding::passed();
}

Finding leaves_the_process(Trial& trial) {
  const auto before = ProcessState::now();
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened and initialized an instance");
    static_cast<void>(instance->check());
    const auto during = ProcessState::now();
    PIGEON_EXPECT(during.inheritable == before.inheritable, "listed the descriptors of an open instance",
                  "each with FD_CLOEXEC",
                  std::to_string(during.inheritable.size()) + " that a child would inherit");
  }
  const auto changed = difference(before, ProcessState::now());
  PIGEON_EXPECT(changed.empty(), "opened, initialized, checked and closed an instance",
                "the process as it was", changed);
  return Finding::passed();
}

// While this lives, no further descriptor can be opened.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &usual_);
    const rlimit none = {0, usual_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  NoDescriptors(NoDescriptors&&) = delete;
  NoDescriptors& operator=(NoDescriptors&&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &usual_); }

 private:
  rlimit usual_ = {};
};

Finding loads_after_a_failure(Trial& trial) {
  void* mapped = ::dlopen(trial.path().c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const auto* plugin =
      mapped == nullptr ? nullptr : static_cast<const pigeon_plugin*>(::dlsym(mapped, "pigeon_plugin_v0"));
  PIGEON_EXPECT(plugin != nullptr, "mapped the file", "its descriptor", "none");
  if (plugin->load == nullptr) return Finding::skipped("it has nothing to load");
  const auto before = ProcessState::now();
  auto error = blank_error();
  pigeon_status status = PIGEON_OK;
  {
    const NoDescriptors limit;
    status = plugin->load(&error);
  }
  if (status == PIGEON_OK) return Finding::skipped("its load needs no descriptor, and did not fail");
  const auto changed = difference(before, ProcessState::now());
  PIGEON_EXPECT(changed.empty(), "had its load fail, as no descriptor could be opened",
                "the process as it was", changed);
  const auto instance = PIGEON_EXPECT_OK(trial.open(), "loaded it again, with descriptors, and opened it");
  return Finding::passed();
}

Finding prints_nothing(Trial& trial) {
  Printed printed;
  {
    const auto instance = PIGEON_EXPECT_OK(trial.open(), "opened and initialized an instance");
    static_cast<void>(instance->check());
  }
  const auto text = printed.text();
  PIGEON_EXPECT(text.empty(), "opened, initialized, checked and closed an instance", "nothing printed",
                "'" + printable(text) + "'");
  return Finding::passed();
}

// A copy of `bytes` that ends where memory ends: whoever reads beyond them dies.
void* at_the_edge(const void* bytes, std::size_t size) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto whole = (size + page - 1) / page * page;
  auto* memory = static_cast<char*>(
      ::mmap(nullptr, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) return nullptr;
  ::mprotect(memory + whole, page, PROT_NONE);
  std::memcpy(memory + whole - size, bytes, size);
  return memory + whole - size;
}

Finding respects_sizes(Trial& trial) {
  const auto* library = PIGEON_EXPECT_OK(trial.library(), "loaded the plugin");
  const auto settings = PIGEON_EXPECT_OK(trial.settings(), "made up settings");
  const LentAttributes lent(settings.attributes());
  // A host of the future: longer structs, whose tail this plugin does not know.
  struct LongHost {
    pigeon_host known;
    std::array<char, 64> unknown;
  } host = {{sizeof(LongHost), PIGEON_API_MINOR + 1, nullptr,
             [](void* /*context*/, std::uint32_t /*level*/, pigeon_string /*message*/) noexcept {}},
            {}};
  host.unknown.fill('\xa5');
  const pigeon_settings given = {sizeof given, 0, lent.data(), lent.size()};
  for (const auto* offered : {static_cast<const void*>(&host),
                              static_cast<const void*>(at_the_edge(&host.known, sizeof host.known))}) {
    PIGEON_EXPECT(offered != nullptr, "made a page of memory", "one", "none");
    void* instance = nullptr;
    auto error = blank_error();
    const auto status = library->descriptor().open(
        static_cast<const pigeon_host*>(offered),
        static_cast<const pigeon_settings*>(at_the_edge(&given, sizeof given)), &instance, &error);
    PIGEON_EXPECT(
        status == PIGEON_OK,
        "opened it for a host whose structs are longer, and for one whose end at the edge of memory",
        "success", std::string(error.detail, strnlen(error.detail, sizeof error.detail)));
    library->descriptor().close(instance);
  }
  return Finding::passed();
}

constexpr std::array kChecks = {
    Check{"LIFE-01", Weight::must, 2, kEveryKind,
          "A plugin can be opened, initialized, checked and closed, again and again", "does so three times",
          kLife, opens_and_closes},
    Check{"LIFE-02", Weight::must, 2, kEveryKind, "Initializing touches nothing that is there",
          "initializes twice, and checks", kLife, initializes_again},
    Check{"LIFE-03", Weight::must, 2, kEveryKind, "Instances do not depend on each other",
          "opens two, closes the first, uses the second", kLife, instances_are_apart},
    Check{
        "LIFE-04", Weight::must, 2, kEveryKind, "A plugin reads a struct only as far as its size says",
        "opens it with structs that are longer than it knows, and with ones behind which there is no memory",
        kLife, respects_sizes},
    Check{"PROC-01", Weight::must, 3, kEveryKind,
          "A plugin leaves the process as it was: directory, mask, locale, environment, signals, "
          "descriptors, threads, limits, and no process behind",
          "compares before and after; a process that has left its parent is seen as well", kLoading,
          leaves_the_process},
    Check{"PROC-02", Weight::must, 3, kEveryKind, "Opening and closing leaks no descriptor and no thread",
          "opens and closes 200 instances", kLife, leaks_nothing},
    Check{"PROC-03", Weight::must, 3, kEveryKind, "A plugin does not print",
          "takes what goes to the standard output and to the standard error output", kLoading,
          prints_nothing},
    Check{"LIFE-09", Weight::must, 3, kEveryKind,
          "A load that fails leaves nothing behind, and may be tried again",
          "loads it where no descriptor can be opened, and then where it can", kLife, loads_after_a_failure},
};

}  // namespace

std::span<const Check> life_checks() {
  return kChecks;
}

}  // namespace pigeon::conformance
