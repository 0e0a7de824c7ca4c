// SPDX-License-Identifier: MIT
//
// The log: one structured record at a time, as text (name=value) or JSON, to syslog, standard error or a
// file.
#pragma once

#include "host/configuration.hpp"

#include <pigeon/sdk/file.hpp>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pigeon::host {

// The fields of a record, in the order in which they are written. An empty value is left out.
using Fields = std::vector<std::pair<std::string, std::string>>;

class Log {
 public:
  // Until `configure`: syslog, so that what is wrong with the configuration itself is told to somebody.
  explicit Log(std::string program);

  // A file that cannot be opened is a warning, and the records go to syslog: a log that is full or misplaced
  // must not keep mail from being delivered.
  void configure(const LogSettings& settings);

  // `event` says in one word what the record is of. Hostile values are escaped. From any thread.
  void write(std::uint32_t level, std::string_view event, const Fields& fields);

 private:
  [[nodiscard]] std::string as_text(std::string_view level, std::string_view event,
                                    const Fields& fields) const;
  [[nodiscard]] static std::string as_json(std::string_view level, std::string_view event,
                                           const Fields& fields, const std::string& program);

  std::string program_;
  LogSettings settings_;
  Fd file_;
  std::mutex mutex_;
};

// What a failure says, as fields.
Fields fields_of(const Failure& failure);

}  // namespace pigeon::host
