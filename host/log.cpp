// SPDX-License-Identifier: MIT
#include "host/log.hpp"

#include <pigeon/sdk/text.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <syslog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>

namespace pigeon::host {
namespace {

// Longer than any path; a record stays readable, and below what syslog daemons cut.
constexpr std::size_t kLongestValue = 4096;

std::string_view level_name(std::uint32_t level) {
  switch (level) {
    case PIGEON_LOG_ERROR:
      return "error";
    case PIGEON_LOG_WARNING:
      return "warning";
    case PIGEON_LOG_INFO:
      return "info";
    default:
      return "debug";
  }
}

// RFC 3339, UTC, milliseconds. Not by gmtime, which reads the file of the local time zone first.
std::string timestamp() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(now - day);
  std::array<char, 40> text = {};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string shown(std::string_view value) {
  return printable(value.substr(0, kLongestValue));
}

// A value that would not read back as one word is quoted. There a backslash is escaped as a quote is: else
// one in front of a quote would end the value, and what follows could pass for fields of ours.
std::string quoted(std::string_view value) {
  auto text = shown(value);
  if (!text.empty() && text.find_first_of(" \"=") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

Log::Log(std::string program) : program_(std::move(program)) {
  ::openlog(program_.c_str(), LOG_PID, LOG_MAIL);
}

void Log::configure(const LogSettings& settings) {
  settings_ = settings;
  if (settings.to == "syslog" || settings.to == "stderr") return;
  // Never waited for: a named pipe that nobody reads, or reads too slowly, must not keep mail waiting.
  file_.reset(
      ::open(settings.to.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640));
  if (file_.is_open()) return;
  auto failed = system_failure("open log file " + settings.to, errno);
  settings_.to = "syslog";
  write(PIGEON_LOG_WARNING, "log", fields_of(failed));
}

std::string Log::as_text(std::string_view level, std::string_view event, const Fields& fields) const {
  std::string record;
  if (settings_.to != "syslog") {
    record = timestamp() + " " + program_ + "[" + std::to_string(::getpid()) + "] ";
  }
  record += std::string(level) + " " + std::string(event);
  for (const auto& [name, value] : fields) {
    if (!value.empty()) record += " " + name + "=" + quoted(value);
  }
  return record;
}

std::string Log::as_json(std::string_view level, std::string_view event, const Fields& fields,
                         const std::string& program) {
  boost::json::object record = {
      {"time", timestamp()}, {"program", program}, {"pid", ::getpid()}, {"level", level}, {"event", event}};
  for (const auto& [name, value] : fields) {
    if (!value.empty()) record[name] = shown(value);
  }
  return boost::json::serialize(record);
}

void Log::write(std::uint32_t level, std::string_view event, const Fields& fields) {
  const std::lock_guard lock(mutex_);
  if (level > settings_.level) return;
  const auto name = level_name(level);
  auto record = settings_.format == LogFormat::json ? as_json(name, event, fields, program_)
                                                    : as_text(name, event, fields);
  if (settings_.to == "syslog") {
    ::syslog(static_cast<int>(level), "%s", record.c_str());
    return;
  }
  // One write, so that records of several processes do not mix. If it fails there is nobody left to tell.
  record += '\n';
  const int fd = file_.is_open() ? file_.get() : STDERR_FILENO;
  [[maybe_unused]] const auto written = retry([&] { return ::write(fd, record.data(), record.size()); });
}

Fields fields_of(const Failure& failure) {
  return {{"detail", failure.detail}, {"remedy", failure.remedy}};
}

}  // namespace pigeon::host
