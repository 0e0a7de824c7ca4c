// SPDX-License-Identifier: MIT
#include "conformance/sandbox.hpp"

#include "conformance/guardian.hpp"
#include "conformance/trial.hpp"
#include "host/loader/note.hpp"

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>
#include <pigeon/sdk/time.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <vector>

namespace pigeon::conformance {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostAnswer = 1U << 20U;
constexpr std::size_t kMostOutput = 8192;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* base = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): one thread
    path_ = std::string(base != nullptr ? base : "/tmp") + "/pigeon-conformance.XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  TemporaryDirectory(TemporaryDirectory&&) = delete;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;  // a directory that stays in /tmp is no reason to stop
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A list of a thousand leaks says no more than its beginning.
std::string shortened(const std::string& text) {
  constexpr std::size_t kLongest = 400;
  const auto shown = printable(text.substr(0, kLongest));
  return text.size() > kLongest ? shown + " ..." : shown;
}

std::string encode(const Finding& finding) {
  return json::serialize(json::object{{"status", static_cast<int>(finding.status)},
                                      {"done", shortened(finding.done)},
                                      {"expected", shortened(finding.expected)},
                                      {"came", shortened(finding.came)}});
}

std::optional<Finding> decode(const std::string& text) {
  json::error_code error;
  const auto parsed = json::parse(text, error);
  const auto* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return std::nullopt;
  const auto read = [&](const char* name) {
    const auto* found = object->if_contains(name);
    const auto* value = found == nullptr ? nullptr : found->if_string();
    return value == nullptr ? std::string() : std::string(value->data(), value->size());
  };
  const auto* status = object->if_contains("status");
  if (status == nullptr || !status->is_int64()) return std::nullopt;
  return Finding{static_cast<Finding::Status>(status->get_int64()), read("done"), read("expected"),
                 read("came")};
}

[[noreturn]] void start(const Order& order, const std::string& directory, const Fd& answer,
                        const Fd& output) {
  ::umask(077);  // as the host has it
  const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(output.get(), STDOUT_FILENO);
  ::dup2(output.get(), STDERR_FILENO);
  ::fcntl(answer.get(), F_SETFD, 0);
  const auto descriptor = std::to_string(answer.get());
  const auto seed = std::to_string(order.seed);
  std::vector<const char*> arguments = {"pigeon-conformance", "in-sandbox",       order.check->id,
                                        order.plugin.c_str(), "--directory",      directory.c_str(),
                                        "--answer",           descriptor.c_str(), "--seed",
                                        seed.c_str()};
  if (!order.config.empty()) arguments.insert(arguments.end(), {"--config", order.config.c_str()});
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe",
          const_cast<char* const*>(arguments.data()));  // NOLINT(*-const-cast): execv's type
  ::_exit(127);
}

// What the process has answered; a file without a name, so that nobody has to read while it is written.
std::string answer_in(const Fd& file) {
  std::string said(kMostAnswer, '\0');
  const auto got = ::pread(file.get(), said.data(), said.size(), 0);
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return said;
}

std::string beginning_of(const std::string& path) {
  const std::filesystem::path file(path);
  const auto directory = Directory::open(file.parent_path());
  if (!directory || !*directory) return {};
  const auto text = (*directory)->read_file(file.filename(), 1U << 30U);
  return text && *text ? (*text)->substr(0, kMostOutput) : std::string();
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return "the process was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           sigdescr_np(WTERMSIG(status)) + ")";
  }
  return "the process ended with status " + std::to_string(WEXITSTATUS(status));
}

Outcome outcome_of(const Check& check, const Guarded& met, const std::string& said) {
  const auto finding = decode(said);
  if (met.end == Guarded::End::unknown) {
    return {Outcome::Status::crashed,
            Finding::failed("ran the check", "that the process which guards it is left alone",
                            "it was killed, or could not be started"),
            {},
            0};
  }
  if (met.end == Guarded::End::out_of_time) {
    return {Outcome::Status::timed_out,
            Finding::failed("ran the check", "an end within " + std::to_string(check.seconds) + " seconds",
                            "none"),
            {},
            0};
  }
  if (!finding) {
    return {Outcome::Status::crashed,
            Finding::failed("ran the check", "that the process survives it, and answers",
                            how_it_ended(met.status)),
            {},
            0};
  }
  const auto reached = finding->status == Finding::Status::passed    ? Outcome::Status::passed
                       : finding->status == Finding::Status::skipped ? Outcome::Status::skipped
                                                                     : Outcome::Status::failed;
  // An answer, and then a crash: in a destructor, or while the plugin was closed.
  if (reached == Outcome::Status::passed && (!WIFEXITED(met.status) || WEXITSTATUS(met.status) != 0)) {
    return {Outcome::Status::crashed,
            Finding::failed("ended the process after the check", "status 0", how_it_ended(met.status)),
            {},
            0};
  }
  return {reached, *finding, {}, 0};
}

}  // namespace

Outcome run_in_sandbox(const Order& order) {
  const auto broken = [](const std::string& what) {
    return Outcome{Outcome::Status::crashed, Finding::failed("start the check", "a process", what), {}, 0};
  };
  const TemporaryDirectory directory;
  const auto printed = directory.path() + "/output";
  const auto own = directory.path() + "/own";
  const Fd answer(::memfd_create("answer", MFD_CLOEXEC));
  const Fd output(::open(printed.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (directory.path().empty() || !answer.is_open() || !output.is_open() || ::mkdir(own.c_str(), 0700) != 0)
    return broken(strerrordesc_np(errno));

  const auto begin = Clock::now();
  const auto met = run_guarded([&] { start(order, own, answer, output); },
                               std::chrono::seconds(order.check->seconds), directory.path());
  auto outcome = outcome_of(*order.check, met, answer_in(answer));
  outcome.output = beginning_of(printed);
  outcome.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return outcome;
}

Finding run_here(const Order& order, const std::string& directory) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // a process that a plugin leaves is seen: it becomes ours
  Given given;
  if (!order.config.empty()) {
    auto read = read_given(order.config);
    if (!read) return Finding::failed("read " + order.config, "a configuration", read.failure().detail);
    given = *std::move(read);
  }
  std::uint32_t kind = 0;
  if (const Fd file(::open(order.plugin.c_str(), O_RDONLY | O_CLOEXEC)); file.is_open()) {
    // A file without a note has the kind that its name says: the check of the note will tell.
    const auto note = loader::read_note(file, order.plugin);
    kind = note ? note->kind : loader::kind_of(std::filesystem::path(order.plugin).stem().string());
  }
  Trial trial(order.plugin, kind, directory, std::move(given), order.seed);
  return order.check->run(trial);
}

int be_sandbox(const Order& order, const std::string& directory, int answer) {
  const Fd to(answer);
  ::fcntl(to.get(), F_SETFD, FD_CLOEXEC);
  const auto finding = run_here(order, directory);
  return write_all(to, encode(finding), "the answer") ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace pigeon::conformance
