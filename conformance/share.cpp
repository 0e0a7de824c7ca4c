// SPDX-License-Identifier: MIT
#include "conformance/share.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <sstream>
#include <thread>
#include <vector>

namespace pigeon::conformance {
namespace {

constexpr unsigned kMostWorkers = 4;

// How a worker's process says what it has found.
void tell(Stage& stage, const Finding& finding) {
  stage.say(std::to_string(static_cast<int>(finding.status)));
  for (const auto& text : {finding.done, finding.expected, finding.came}) stage.say(text);
}

Finding heard(const Trace& worker) {
  if (!worker.broken.empty()) return Finding::skipped(worker.broken);
  if (!worker.ended() || worker.said.size() < 4)
    return Finding::failed("ran the check", "that the process survives it", worker.how_it_ended());
  return {static_cast<Finding::Status>(number(worker.said[0]).value_or(0)), worker.said[1], worker.said[2],
          worker.said[3]};
}

}  // namespace

Finding share_out(Trial& trial, Finding (*body)(Trial& trial, const Share& share)) {
  static int rounds = 0;
  const std::size_t count = std::clamp(std::thread::hardware_concurrency(), 1U, kMostWorkers);
  std::deque<Companion> workers;
  const auto round = std::to_string(++rounds);  // a check may do so more than once
  for (std::size_t index = 0; index < count; ++index) {
    const auto directory = trial.directory() + "/worker" + round + "-" + std::to_string(index);
    if (::mkdir(directory.c_str(), 0700) != 0) return Finding::skipped("a directory could not be made");
    workers.emplace_back([&trial, body, directory, index, count](Stage& stage) {
      auto own = trial.elsewhere(directory);
      tell(stage, body(own, {index, count}));
    });
  }
  std::vector<Finding> found;
  // Their time is the check's, at whose end all of them are killed.
  for (auto& worker : workers) found.push_back(heard(worker.wait(std::chrono::hours(1))));
  for (const auto wanted : {Finding::Status::failed, Finding::Status::skipped}) {
    for (auto& finding : found) {
      if (finding.status == wanted) return finding;
    }
  }
  return Finding::passed();
}

std::string Answer::shown() const {
  if (is_ok()) return "success";
  if (status == PIGEON_NOT_THERE) return "\"not there\"";
  if (status == PIGEON_CONFLICT) return "\"a precondition did not hold\"";
  std::ostringstream number;
  number << "0x" << std::hex << status;
  return "status " + number.str() + " (" + detail + ")";
}

Answer Answer::parse(const std::string& text) {
  const auto blank = text.find(' ');
  if (blank == std::string::npos) return {};
  return {static_cast<pigeon_status>(number(text.substr(0, blank)).value_or(PIGEON_BUG)),
          text.substr(blank + 1)};
}

std::string shown_call(const Trace& trace, std::size_t at) {
  return name_of(trace.calls[at].number) + ", call " + std::to_string(at + 1) + " of " +
         std::to_string(trace.calls.size());
}

}  // namespace pigeon::conformance
