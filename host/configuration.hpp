// SPDX-License-Identifier: MIT
//
// The configuration file: what is in it, checked against what the host and the plugins declare. Every
// complaint names file, line and column.
#pragma once

#include "host/loader/trust.hpp"

#include <pigeon/abi/plugin.h>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/settings.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pigeon::host {

// What happens to mail for a user, domain or module that is switched off.
enum class Disabled { defer, reject };

enum class LogFormat { text, json };

struct LogSettings {
  std::string to = "syslog";  // "syslog", "stderr", or the absolute path of a file
  LogFormat format = LogFormat::text;
  std::uint32_t level = PIGEON_LOG_INFO;
};

struct AddressRules {
  std::string detail_delimiters = "+";
  bool fold_local_part = true;
};

struct SpoolSettings {
  std::string directory = "/var/tmp";
  std::uint64_t memory = 0;  // a larger message is kept in an unnamed file
};

// One part of the file and what may stand in it. `name` is empty for the outermost part.
struct ConfigurationPart {
  const char* name;
  std::span<const pigeon_declaration> settings;
};

class Configuration {
 public:
  // overrides: "key=value" each, "part.key=value" for a key of a part, as given by -o. The value is taken as
  // JSON if it is such, else as a string.
  static Result<Configuration> read(const std::string& file, const std::vector<std::string>& overrides,
                                    const loader::Trust& trust);

  // The same with one more override.
  [[nodiscard]] Result<Configuration> with(const std::string& assignment) const;

  // The host's own parts, for documents and checks.
  static std::span<const ConfigurationPart> parts();

  // The section of a plugin: nothing that it did not declare, all values of their types, paths absolute,
  // secrets read from the files they name, defaults filled in.
  [[nodiscard]] Result<Settings> settings_of(const pigeon_plugin& plugin) const;

  // The sections of plugins that are in the file. That each is the name of a plugin is checked by the caller,
  // who knows which there are; `complain` then says where it stands.
  [[nodiscard]] std::vector<std::string> plugin_sections() const;
  [[nodiscard]] Failure unknown_section(const std::string& name,
                                        const std::vector<std::string>& plugins) const;

  std::string file;
  std::vector<std::string> plugins;  // directories
  std::string datatree;
  std::vector<std::string> modules;  // which may run, in this order
  LogSettings log;
  std::chrono::nanoseconds deadline = {};
  Disabled disabled = Disabled::defer;
  std::optional<std::string> user;
  std::uint64_t minimum_uid = 0;
  std::optional<std::uint64_t> message_limit;
  AddressRules address;
  SpoolSettings spool;

 private:
  [[nodiscard]] Failure complain(const std::vector<std::string>& path, const std::string& what) const;
  [[nodiscard]] Result<Attributes> read_part(const std::vector<std::string>& path,
                                             const boost::json::object& object,
                                             std::span<const pigeon_declaration> declarations) const;
  [[nodiscard]] Result<std::string> value_of(const std::vector<std::string>& path,
                                             const boost::json::value& value,
                                             const pigeon_declaration& declaration) const;
  [[nodiscard]] std::string absolute(const std::string& path) const;
  Done override_with(const std::string& assignment);
  Done take_own_parts();

  std::string text_;
  boost::json::object root_;
  // As it was when the file was read: a delivery clears its own before any plugin is opened.
  std::map<std::string, std::string> environment_;
};

// Where we were installed or built: the directory above that of the program.
std::string installation_prefix();
std::string default_configuration_file();

}  // namespace pigeon::host
