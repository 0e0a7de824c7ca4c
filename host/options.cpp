// SPDX-License-Identifier: MIT
#include "host/options.hpp"

#include <pigeon/sdk/text.hpp>

#include <getopt.h>

#include <array>
#include <cstdlib>
#include <optional>

namespace pigeon::host {

const char* deliver_help() {
  return "Usage: pigeon-deliver [OPTION]... -d RECIPIENT < MESSAGE\n"
         "Deliver one message to one recipient.\n"
         "\n"
         "  -d RECIPIENT     deliver to this address, user@domain\n"
         "  -f SENDER        envelope sender; \"\", <>, @ and MAILER-DAEMON are the null sender\n"
         "  -a ORIGINAL      the recipient's address before the MTA rewrote it\n"
         "  -r FINAL         the address for Delivered-To, where it is not RECIPIENT\n"
         "  -m FOLDER        store in this folder, if it is there\n"
         "  -p FILE          read the message from FILE\n"
         "  -c FILE          configuration file\n"
         "  -o KEY=VALUE     override a key of the configuration\n"
         "  -e, -k           accepted and ignored, for set-ups made for dovecot-lda\n"
         "      --queue-id ID   the MTA's queue id: a retry with the same one stores nothing twice\n"
         "      --trust DIR  take DIR and the directories above it as they are\n"
         "      --help       show this\n"
         "      --version    show the version\n"
         "\n"
         "SENDER, RECIPIENT and ORIGINAL_RECIPIENT in the environment stand for -f, -d and -a.\n"
         "\n"
         "Exit status: 0 delivered; 75 try again; 67 unknown recipient; 77 refused; 65 message refused.\n"
         "See pigeon-deliver(8).\n";
}

namespace {

constexpr int kQueueId = 256;
constexpr int kTrust = 257;
constexpr int kHelp = 258;
constexpr int kVersion = 259;
constexpr std::array<option, 5> kLong = {{{"queue-id", required_argument, nullptr, kQueueId},
                                          {"trust", required_argument, nullptr, kTrust},
                                          {"help", no_argument, nullptr, kHelp},
                                          {"version", no_argument, nullptr, kVersion},
                                          {nullptr, 0, nullptr, 0}}};

Failure usage(const std::string& what) {
  return misconfigured("pigeon-deliver was called wrongly: " + what)
      .with_remedy("correct the command in the MTA's configuration; see pigeon-deliver --help");
}

std::optional<std::string> from_environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// One flag; a failure if it is none, or too much.
Done take(int flag, DeliverOptions& options, std::optional<std::string>& recipient) {
  auto& request = options.request;
  switch (flag) {
    case 'd':
      if (recipient) return usage("-d twice, and a run is for one recipient");
      recipient = ::optarg;
      return {};
    case 'f':
      request.sender = ::optarg;
      return {};
    case 'a':
      request.original_recipient = ::optarg;
      return {};
    case 'r':
      request.final_recipient = ::optarg;
      return {};
    case 'm':
      request.folder = ::optarg;
      return {};
    case 'p':
      options.input_file = ::optarg;
      return {};
    case 'c':
      options.configuration_file = ::optarg;
      return {};
    case 'o':
      options.overrides.emplace_back(::optarg);
      return {};
    case 'e':
    case 'k':
      return {};
    case kQueueId:
      request.queue_id = ::optarg;
      return {};
    case kTrust:
      options.trusted = ::optarg;
      return {};
    case kHelp:
      options.action = DeliverOptions::Action::help;
      return {};
    case kVersion:
      options.action = DeliverOptions::Action::version;
      return {};
    case ':':
      return usage(std::string("-") + static_cast<char>(::optopt) + " needs a value");
    default:
      return usage(::optopt != 0 && ::optopt < kQueueId
                       ? std::string("there is no -") + static_cast<char>(::optopt)
                       : "there is no such option");
  }
}

}  // namespace

Done parse_deliver_options(int count, char* const* arguments, DeliverOptions& options) {
  std::optional<std::string> recipient;
  std::optional<Failure> mistake;  // the first one; the flags behind it may still say where the log is
  ::optind = 0;
  ::opterr = 0;
  for (;;) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    const int flag = ::getopt_long(count, arguments, "+:d:f:a:r:m:p:c:o:ek", kLong.data(), nullptr);
    if (flag == -1) break;
    auto taken = take(flag, options, recipient);
    if (!taken && !mistake) mistake = std::move(taken).failure();
    if (!mistake && options.action != DeliverOptions::Action::deliver) return {};
  }
  auto& request = options.request;
  request.recipient = recipient.value_or("");
  if (mistake) return *std::move(mistake);
  if (::optind < count) {
    return usage("'" + printable(arguments[::optind]) + "' is too much: a run is for one recipient")
        .with_remedy(
            "have the MTA deliver to one recipient at a time (Postfix: "
            "NAME_destination_recipient_limit = 1 for the transport NAME)");
  }
  if (!request.sender) request.sender = from_environment("SENDER");
  if (!recipient) recipient = from_environment("RECIPIENT");
  if (request.original_recipient.empty()) {
    request.original_recipient = from_environment("ORIGINAL_RECIPIENT").value_or("");
  }
  if (!recipient) return usage("no recipient");
  request.recipient = *std::move(recipient);
  return {};
}

}  // namespace pigeon::host
