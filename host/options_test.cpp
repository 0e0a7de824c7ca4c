// SPDX-License-Identifier: MIT
#include "host/options.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using pigeon::Result;
using pigeon::host::DeliverOptions;
using pigeon::host::parse_deliver_options;

namespace {

Result<DeliverOptions> parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pigeon-deliver");
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  DeliverOptions options;
  PIGEON_TRY(parse_deliver_options(static_cast<int>(arguments.size()), pointers.data(), options));
  return options;
}

std::string complaint(const std::vector<std::string>& arguments) {
  const auto options = parse(arguments);
  if (options) return "nothing";
  CHECK(options.failure().status == PIGEON_MISCONFIGURED);
  CHECK_FALSE(options.failure().remedy.empty());
  return options.failure().detail;
}

// A variable of the environment, for as long as this lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    ::setenv(name, value, 1);  // NOLINT(concurrency-mt-unsafe)
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  Variable(Variable&&) = delete;
  Variable& operator=(Variable&&) = delete;
  ~Variable() { ::unsetenv(name_); }  // NOLINT(concurrency-mt-unsafe)

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("every flag that a set-up made for dovecot-lda has is taken") {
  const auto options = parse({"-c", "/x",  "-f", "s@x",  "-a",         "o@y",  "-d",      "r@z",
                              "-r", "f@z", "-m", "Work", "-p",         "/m",   "-o",      "log.level=debug",
                              "-o", "a=b", "-e", "-k",   "--queue-id", "4Bx1", "--trust", "/t"});
  REQUIRE(options);
  CHECK(options->configuration_file == "/x");
  CHECK(options->request.sender == "s@x");
  CHECK(options->request.original_recipient == "o@y");
  CHECK(options->request.recipient == "r@z");
  CHECK(options->request.final_recipient == "f@z");
  CHECK(options->request.folder == "Work");
  CHECK(options->request.queue_id == "4Bx1");
  CHECK(options->input_file == "/m");
  CHECK(options->overrides == std::vector<std::string>{"log.level=debug", "a=b"});
  CHECK(options->trusted == "/t");
  CHECK(options->action == DeliverOptions::Action::deliver);
}

TEST_CASE("flags are taken as Postfix and Exim write them") {
  const auto postfix = parse({"-f", "", "-d", "a@b", "-a", "A@b", "--queue-id=3F2"});
  REQUIRE(postfix);
  CHECK(postfix->request.sender == "");
  CHECK(postfix->request.queue_id == "3F2");
  const auto joined = parse({"-fs@x", "-da@b"});
  REQUIRE(joined);
  CHECK(joined->request.sender == "s@x");
  CHECK(joined->request.recipient == "a@b");
}

TEST_CASE("a value that begins with a dash is a value") {
  const auto options = parse({"-f", "-x@y", "-d", "-rf@z", "-m", "--help"});
  REQUIRE(options);
  CHECK(options->request.sender == "-x@y");
  CHECK(options->request.recipient == "-rf@z");
  CHECK(options->request.folder == "--help");
}

TEST_CASE("no sender and the null sender are told apart") {
  CHECK_FALSE(parse({"-d", "a@b"})->request.sender);
  CHECK(parse({"-d", "a@b", "-f", ""})->request.sender == "");
}

TEST_CASE("two recipients in one run are refused: only one could be answered") {
  CHECK(complaint({"-d", "a@b", "-d", "c@d"}).find("-d twice") != std::string::npos);
  CHECK(complaint({"-d", "a@b", "c@d"}).find("'c@d' is too much") != std::string::npos);
  CHECK(complaint({"-d", "a@b", "--", "-d"}).find("too much") != std::string::npos);
  CHECK(parse({"-d", "a@b", "c@d"}).failure().remedy.find("destination_recipient_limit") !=
        std::string::npos);
}

TEST_CASE("a call that is wrong is refused in words") {
  CHECK(complaint({}).find("no recipient") != std::string::npos);
  CHECK(complaint({"-d"}).find("-d needs a value") != std::string::npos);
  CHECK(complaint({"-x", "-d", "a@b"}).find("there is no -x") != std::string::npos);
  CHECK(complaint({"--nothing", "-d", "a@b"}).find("there is no such option") != std::string::npos);
  CHECK(complaint({"--queue-id"}).find("needs a value") != std::string::npos);
  CHECK(complaint({"two\nlines"}).find('\n') == std::string::npos);
}

TEST_CASE("the environment stands for a flag that is missing, as OpenSMTPD gives it") {
  const Variable sender("SENDER", "s@x");
  const Variable recipient("RECIPIENT", "r@y");
  const Variable original("ORIGINAL_RECIPIENT", "o@z");
  const auto options = parse({});
  REQUIRE(options);
  CHECK(options->request.sender == "s@x");
  CHECK(options->request.recipient == "r@y");
  CHECK(options->request.original_recipient == "o@z");
  const auto flags = parse({"-d", "other@y", "-f", "", "-a", "q@z"});
  REQUIRE(flags);
  CHECK(flags->request.sender == "");
  CHECK(flags->request.recipient == "other@y");
  CHECK(flags->request.original_recipient == "q@z");
}

TEST_CASE("help and version need no recipient") {
  CHECK(parse({"--help"})->action == DeliverOptions::Action::help);
  CHECK(parse({"--version"})->action == DeliverOptions::Action::version);
  CHECK(std::string(pigeon::host::deliver_help()).find("-d RECIPIENT") != std::string::npos);
}
