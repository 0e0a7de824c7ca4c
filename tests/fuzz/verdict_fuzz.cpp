// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/verdict.hpp"

#include <pigeon/sdk/text.hpp>

using pigeon::fuzz::require;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = pigeon::fuzz::text_of(bytes, size);
  const auto verdict = pigeon::host::decode(text);
  if (!verdict) return 0;
  require(pigeon::host::encode(*verdict) == text, "a verdict is written in one way only");
  const int exit = pigeon::host::exit_status(*verdict);
  require(exit == 0 || exit == 75 || exit == 67 || exit == 77 || exit == 65, "one of the five exit statuses");
  require((exit == 0) == verdict->is_delivered(), "zero means delivered, and nothing else does");
  const auto line = pigeon::host::line_for_sender(*verdict);
  require(!pigeon::has_control_characters(line) && pigeon::is_utf8(line), "one printable line");
  if (exit != 0) require(line.front() == (exit == 75 ? '4' : '5'), "the first digit agrees");
  return 0;
}
