// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"
#include "host/control/recipient.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace pigeon::control {

Done explain(Session& session, const ExplainOptions& options) {
  boost::json::array lines;
  const auto say = [&](std::string_view who, const std::string& line) {
    session.out().line(std::string(who) + ": " + printable(line));
    lines.push_back(boost::json::object{{"who", who}, {"line", line}});
  };
  host::Request request;
  request.recipient = options.recipient;
  request.sender = options.sender;
  request.folder = options.folder;
  const auto dry = run_dry(session, request, say);
  const auto verdict = dry ? dry->verdict : host::Verdict::of(dry.failure());
  const auto outcome = verdict.is_delivered() ? "would be delivered"
                                              : "would be " + std::string(host::outcome_of(verdict)) + ": " +
                                                    host::line_for_sender(verdict);
  session.out().line("verdict: " + outcome + " (exit " + std::to_string(host::exit_status(verdict)) + ")");
  if (!verdict.detail.empty()) session.out().line("because: " + printable(verdict.detail));
  if (!verdict.remedy.empty()) session.out().line("to mend it: " + printable(verdict.remedy));
  session.out().value(boost::json::object{{"recipient", options.recipient},
                                          {"lines", lines},
                                          {"outcome", host::outcome_of(verdict)},
                                          {"exit", host::exit_status(verdict)},
                                          {"detail", verdict.detail},
                                          {"remedy", verdict.remedy}});
  return {};
}

}  // namespace pigeon::control
