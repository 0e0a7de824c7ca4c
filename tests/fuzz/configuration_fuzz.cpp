// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "host/configuration.hpp"

#include <pigeon/testing/temporary_directory.hpp>

#include <sys/stat.h>

using pigeon::fuzz::require;
using pigeon::host::Configuration;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const pigeon::testing::TemporaryDirectory directory;
  const auto file = directory.write("pigeon.json", std::string(pigeon::fuzz::text_of(bytes, size)));
  ::chmod(file.c_str(), 0600);
  const auto read = Configuration::read(file, {}, pigeon::loader::Trust());
  if (!read) {
    require(PIGEON_STATUS_RANGE(read.failure().status) == PIGEON_TEMPORARY, "the mail waits");
    require(!read.failure().detail.empty() && !read.failure().remedy.empty(), "in words, with a remedy");
    return 0;
  }
  require(!read->plugins.empty() && !read->datatree.empty(), "what is needed is there");
  for (const auto& plugins : read->plugins) require(plugins.front() == '/', "paths are absolute");
  require(read->log.to == "syslog" || read->log.to == "stderr" || read->log.to.front() == '/', "a log");
  require(read->deadline >= std::chrono::seconds(1), "a deadline");
  return 0;
}
