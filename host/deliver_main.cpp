// SPDX-License-Identifier: MIT
//
// pigeon-deliver: a message on standard input, a verdict as exit status.
#include "host/allocator.hpp"
#include "host/configuration.hpp"
#include "host/identity.hpp"
#include "host/last_resort.hpp"
#include "host/mail_master.hpp"
#include "host/message.hpp"
#include "host/options.hpp"
#include "host/plugins.hpp"
#include "host/spool.hpp"
#include "host/store.hpp"
#include "host/supervisor.hpp"
#include "host/tree.hpp"
#include "host/verdict.hpp"

#include <pigeon/sdk/file.hpp>

#include <sodium.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace pigeon;
using namespace pigeon::host;

// Until the configuration says otherwise. Shorter than what any MTA gives us.
constexpr auto kDefaultDeadline = std::chrono::seconds(240);

// After the deadline: to put the worker down, and to tell. Then the process ends, whatever holds it up.
constexpr auto kWatchdog = std::chrono::seconds(5);

struct Program {
  Log log{"pigeon-deliver"};
  Clock::time_point begin = Clock::now();
  Deadline deadline = Deadline::in(kDefaultDeadline);
  int input = STDIN_FILENO;
  DeliverOptions options;
  std::uint64_t size = 0;
  std::optional<int> exit_status;  // once there is a verdict
};

Verdict deliver_in_worker(const Request& request, std::string_view text, const Configuration& configuration,
                          const loader::Trust& trust, Program& program, std::unique_ptr<Plugins>& plugins) {
  Attempt attempt{.request = request, .deadline = program.deadline, .is_mapped = true};
  auto address = parse_recipient(request.recipient, configuration.address);
  if (!address) return Verdict::of(address.failure());
  attempt.address = *std::move(address);

  const auto parsed = parse_message(text);
  const auto said = parsed.from_line_sender ? parsed.from_line_sender : parsed.return_path;
  attempt.sender = clean_sender(request.sender ? *request.sender : said.value_or(""));
  const Prefix prefix = {.sender = attempt.sender,
                         .delivered_to = request.final_recipient.empty()
                                             ? attempt.address.text()
                                             : clean_address(request.final_recipient),
                         .original_recipient = clean_address(request.original_recipient)};
  attempt.request.original_recipient = prefix.original_recipient;
  if (has_been_delivered_to(parsed, prefix.delivered_to, configuration.address.fold_local_part)) {
    return Verdict::of(
        failure(PIGEON_REFUSED, "the message has been delivered to " + prefix.delivered_to + " before")
            .with_remedy("see which alias or forwarding leads back here")
            .with_reason({5, 4, 6}, "mail forwarding loop"));
  }
  const OutgoingMessage message(parsed, prefix, attempt.is_mapped);
  attempt.parsed = &parsed;
  attempt.message = &message.get();

  auto opened = Plugins::of(configuration, trust, program.log);
  if (!opened) return Verdict::of(opened.failure());
  plugins = *std::move(opened);
  const auto datatree = plugins->open(PIGEON_KIND_DATATREE, configuration.datatree);
  if (!datatree) return Verdict::of(datatree.failure());
  Tree tree(**datatree);
  Allocator allocator(tree, *plugins, program.log);
  Store store(*plugins);
  Services services = {tree, *plugins, allocator, store, program.log};
  return deliver(attempt, services);
}

void record(Program& program, const Verdict& verdict) {
  const auto& request = program.options.request;
  const auto& dsn = verdict.dsn;
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - program.begin).count();
  Fields fields = {{"recipient", request.recipient},
                   {"sender", "<" + clean_sender(request.sender.value_or("")) + ">"},
                   {"queue", request.queue_id},
                   {"status", std::string(outcome_of(verdict))},
                   {"exit", std::to_string(exit_status(verdict))}};
  if (!verdict.is_delivered()) {
    fields.emplace_back("dsn", std::to_string(dsn.of_class) + "." + std::to_string(dsn.subject) + "." +
                                   std::to_string(dsn.detail));
    fields.emplace_back("reason", verdict.reason);
    fields.emplace_back("detail", verdict.detail);
    fields.emplace_back("remedy", verdict.remedy);
  }
  fields.insert(fields.end(), verdict.facts.begin(), verdict.facts.end());
  fields.emplace_back("size", std::to_string(program.size));
  fields.emplace_back("ms", std::to_string(milliseconds));
  const bool is_trouble = exit_status(verdict) == EX_TEMPFAIL;
  program.log.write(is_trouble ? PIGEON_LOG_ERROR : PIGEON_LOG_INFO, "delivery", fields);
}

// The verdict leaves the process: to the log, to the sender, and as what `main` returns.
void tell(Program& program, const Verdict& verdict) {
  // What was not spooled is read all the same: OpenSMTPD takes unread input for a failure.
  if (program.input >= 0) drain(program.input, program.deadline);
  // Nothing that goes wrong from here on changes it, such as a log that nobody reads.
  program.exit_status = exit_status(verdict);
  settle_exit(*program.exit_status);
  if (!verdict.is_delivered()) {
    const auto line = line_for_sender(verdict) + "\n";
    Fd standard_error(STDERR_FILENO);  // not a copy: there may be no descriptor left for one
    static_cast<void>(write_all(standard_error, line, "standard error"));
    static_cast<void>(standard_error.release());
  }
  record(program, verdict);  // last: it may take what time there is left
}

// The message in a file or a named pipe. Whoever is to write to the pipe is waited for where it is read.
Result<Fd> open_message(const std::string& path) {
  constexpr const char* kRemedy =
      "name the file that holds the message with -p, or give it on standard input";
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) {
    auto met = system_failure("open message " + printable(path), errno);
    if (met.remedy.empty()) met.remedy = kRemedy;
    return met;
  }
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return system_failure("examine message " + printable(path), errno);
  if (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode)) return file;
  return misconfigured("open message " + printable(path) + ": it is neither a regular file nor a named pipe")
      .with_remedy(kRemedy);
}

// From here on we are who the configuration says, and the log is where it says.
Result<Configuration> configure(Program& program, const loader::Trust& trust) {
  const auto& options = program.options;
  const auto file =
      options.configuration_file.empty() ? default_configuration_file() : options.configuration_file;
  auto configuration = PIGEON_TRY(Configuration::read(file, options.overrides, trust));
  program.deadline = Deadline::at(program.begin + configuration.deadline);
  end_at(program.deadline.later(kWatchdog));
  clear_environment();
  PIGEON_TRY(become(configuration.user, configuration.minimum_uid));
  program.log.configure(configuration.log);
  return configuration;
}

// Everything before the worker: nothing here looks at the tree, or at the message.
Done run(Program& program) {
  const auto& options = program.options;
  const loader::Trust trust(options.trusted);
  const auto configuration = PIGEON_TRY(configure(program, trust));

  Fd file_input;
  if (!options.input_file.empty()) {
    file_input = PIGEON_TRY(open_message(options.input_file));
    program.input = file_input.get();
  }
  const auto spool = PIGEON_TRY(
      Spool::read(program.input, configuration.spool, configuration.message_limit, program.deadline));
  program.size = spool.text().size();
  program.input = -1;  // read to its end

  supervise(
      [&](const Announce& announce) {
        std::unique_ptr<Plugins> plugins;  // closed after the verdict, which no longer changes
        announce(deliver_in_worker(options.request, spool.text(), configuration, trust, program, plugins));
      },
      [&](const Verdict& verdict) { tell(program, verdict); }, program.deadline, program.log);
  return {};
}

void deliver_main(int count, char* const* arguments, Program& program) {
  if (const auto parsed = parse_deliver_options(count, arguments, program.options); !parsed) {
    // The mistake belongs into the log that is configured; where that cannot be had, syslog gets it.
    static_cast<void>(configure(program, loader::Trust(program.options.trusted)));
    return tell(program, Verdict::of(parsed.failure()));
  }
  switch (program.options.action) {
    case DeliverOptions::Action::help:
      if (std::fputs(deliver_help(), stdout) >= 0) program.exit_status = EX_OK;
      return;
    case DeliverOptions::Action::version:
      if (std::puts("pigeon-deliver " PIGEON_VERSION) >= 0) program.exit_status = EX_OK;
      return;
    case DeliverOptions::Action::deliver:
      break;
  }
  if (const auto done = run(program); !done) tell(program, Verdict::of(done.failure()));
}

}  // namespace

int main(int count, char** arguments) {
  settle_process();
  avert_death();
  end_at(Deadline::in(kDefaultDeadline + kWatchdog));
  close_stray_descriptors();
  std::optional<int> exit_status;
  try {
    Program program;
    try {
      deliver_main(count, arguments, program);
    } catch (...) {
      // What goes wrong after the verdict changes nothing.
      if (!program.exit_status) last_resort();
    }
    exit_status = program.exit_status;
  } catch (...) {
    last_resort();
  }
  if (!exit_status) last_resort();
  return *exit_status;
}
