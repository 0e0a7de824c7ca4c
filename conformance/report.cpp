// SPDX-License-Identifier: MIT
#include "conformance/report.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <sstream>

namespace pigeon::conformance {
namespace json = boost::json;
namespace {

constexpr int kRed = 31;
constexpr int kGreen = 32;
constexpr int kYellow = 33;

std::string tenths(double seconds) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << seconds;
  return text.str();
}

std::string shell_command(const Order& order) {
  auto command =
      "pigeon-conformance repro " + std::string(order.check->id) + " --seed " + std::to_string(order.seed);
  if (!order.config.empty()) command += " --config " + shell_word(order.config);
  return command + " " + shell_word(order.plugin);
}

std::string xml(std::string_view text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

Count count(const Outcomes& outcomes) {
  Count counted;
  for (const auto& [order, outcome] : outcomes) {
    if (outcome.status == Outcome::Status::skipped) {
      ++counted.skipped;
    } else if (!outcome.is_bad()) {
      ++counted.passed;
    } else {
      ++(order.check->weight == Weight::must ? counted.failed : counted.warned);
    }
  }
  return counted;
}

std::string_view word_for(const Order& order, const Outcome& outcome) {
  switch (outcome.status) {
    case Outcome::Status::passed:
      return "passed";
    case Outcome::Status::skipped:
      return "skipped";
    case Outcome::Status::crashed:
      return "CRASHED";
    case Outcome::Status::timed_out:
      return "TIMED OUT";
    case Outcome::Status::failed:
      break;
  }
  return order.check->weight == Weight::must ? "FAILED" : "warning";
}

Report::Report() : is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

std::string Report::coloured(const std::string& text, int colour) const {
  return is_terminal_ ? "\033[" + std::to_string(colour) + "m" + text + "\033[0m" : text;
}

std::string Report::as_good(const std::string& word) const {
  return coloured(word, kGreen);
}

std::string Report::as_bad(const std::string& word) const {
  return coloured(word, kRed);
}

void Report::starting(const Order& order, std::size_t index, std::size_t total) const {
  working_on(std::to_string(index + 1) + "/" + std::to_string(total) + " " + order.check->id);
}

void Report::working_on(const std::string& what) const {
  if (is_terminal_) std::cout << "\r\033[K" << what << " ..." << std::flush;
}

void Report::clear_line() const {
  if (is_terminal_) std::cout << "\r\033[K";
}

void Report::outcome(const Order& order, const Outcome& outcome) const {
  clear_line();
  const auto& check = *order.check;
  const auto colour = !outcome.is_bad() ? kGreen : check.weight == Weight::must ? kRed : kYellow;
  const auto word = std::string(word_for(order, outcome));
  std::cout << check.id << "  "
            << coloured(word, outcome.status == Outcome::Status::skipped ? kYellow : colour) << "  "
            << tenths(outcome.seconds) << " s  " << check.rule;
  if (outcome.status == Outcome::Status::skipped) std::cout << " (" << outcome.finding.came << ")";
  std::cout << '\n';
  if (!outcome.is_bad()) return;
  std::cout << "    done      " << outcome.finding.done << '\n'
            << "    expected  " << outcome.finding.expected << '\n'
            << "    came      " << outcome.finding.came << '\n'
            << "    read      " << check.where << '\n'
            << "    again     " << shell_command(order) << '\n';
  const auto* heading = "    printed   ";
  for (const auto line : split(outcome.output, '\n')) {
    if (line.empty()) continue;
    std::cout << heading << printable(line) << '\n';
    heading = "              ";
  }
  std::cout << std::flush;
}

void Report::summary(const Count& counted, const std::string& plugin) const {
  std::cout << plugin << ": " << counted.passed << " passed, " << counted.failed << " failed, "
            << counted.warned << " warnings, " << counted.skipped << " skipped\n";
  if (counted.nothing_tested() && counted.skipped > 0) std::cout << "nothing was tested\n";
}

std::string as_json(const Outcomes& outcomes) {
  json::array list;
  for (const auto& [order, outcome] : outcomes) {
    list.push_back(json::object{{"check", order.check->id},
                                {"plugin", printable(order.plugin)},
                                {"weight", order.check->weight == Weight::must ? "must" : "should"},
                                {"level", order.check->level},
                                {"status", word_for(order, outcome)},
                                {"rule", order.check->rule},
                                {"done", outcome.finding.done},
                                {"expected", outcome.finding.expected},
                                {"came", outcome.finding.came},
                                {"seed", order.seed},
                                {"seconds", outcome.seconds}});
  }
  return json::serialize(list) + "\n";
}

std::string as_junit(const Outcomes& outcomes) {
  const auto counted = count(outcomes);
  std::ostringstream text;
  text << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"pigeon-conformance\" "
          "tests=\""
       << outcomes.size() << "\" failures=\"" << counted.failed << "\" skipped=\"" << counted.skipped
       << "\">\n";
  for (const auto& [order, outcome] : outcomes) {
    text << "<testcase classname=\"" << xml(order.plugin) << "\" name=\"" << order.check->id << " "
         << xml(order.check->rule) << "\" time=\"" << tenths(outcome.seconds) << "\">";
    if (outcome.status == Outcome::Status::skipped) {
      text << "<skipped message=\"" << xml(outcome.finding.came) << "\"/>";
    } else if (outcome.is_bad() && order.check->weight == Weight::must) {
      text << "<failure message=\""
           << xml(outcome.finding.done + ": expected " + outcome.finding.expected + ", came " +
                  outcome.finding.came)
           << "\"/>";
    } else if (outcome.is_bad()) {
      text << "<system-out>warning: " << xml(outcome.finding.came) << "</system-out>";
    }
    text << "</testcase>\n";
  }
  text << "</testsuite></testsuites>\n";
  return text.str();
}

}  // namespace pigeon::conformance
