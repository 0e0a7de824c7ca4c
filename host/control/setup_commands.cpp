// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"

#include "host/loader/index.hpp"

#include <pigeon/abi/module.h>
#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

namespace pigeon::control {
namespace {

// Making a large tree's tables may take a while; nobody's mail is waiting for it.
Deadline later() {
  return Deadline::in(std::chrono::minutes(10));
}

// What a module's settings name: values that are called as a plugin of another kind is.
std::vector<std::string> named_by(const std::string& module, Session& session, Plugins& plugins) {
  std::vector<std::string> names;
  const auto described = plugins.describe(PIGEON_KIND_MODULE, module);
  const auto settings = described ? session.configuration().settings_of(**described) : described.failure();
  if (!settings) return names;  // reported when the module itself is looked at
  for (const auto& [name, values] : settings->attributes()) {
    std::copy_if(values.begin(), values.end(), std::back_inserter(names),
                 [](const auto& value) { return loader::kind_of(value) != PIGEON_KIND_MODULE; });
  }
  return names;
}

// The plugins that the configuration speaks of: those that it names, and those that have a section.
std::vector<std::string> configured(Session& session, Plugins& plugins) {
  const auto& configuration = session.configuration();
  std::vector<std::string> names = {configuration.datatree};
  const auto add = [&](const std::string& name) {
    const auto same = [&](const auto& each) { return same_name(each, name); };
    if (std::none_of(names.begin(), names.end(), same)) names.push_back(name);
  };
  for (const auto& module : configuration.modules) add(module);
  for (const auto& section : configuration.plugin_sections()) {
    if (const auto* entry = plugins.index().find(section)) add(entry->name);
  }
  for (const auto& module : configuration.modules) {
    for (const auto& name : named_by(module, session, plugins)) add(name);
  }
  return names;
}

// Counts what is wrong, and prints each thing as it is looked at.
class Report {
 public:
  explicit Report(Output& out) : out_(out) {}

  void note(const std::string& what, const Done& result, const std::string& if_good = {}) {
    if (result) return out_.good(what, if_good);
    ++wrong_;
    out_.bad(what, result.failure());
  }
  [[nodiscard]] Done result() const {
    if (wrong_ == 0) return {};
    return misconfigured(std::to_string(wrong_) + (wrong_ == 1 ? " thing is" : " things are") +
                         " wrong, see above");
  }

 private:
  Output& out_;
  int wrong_ = 0;
};

Done can_write(const std::string& path) {
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0) return {};
  return system_failure("write in " + path, errno);
}

Done check_log(const host::LogSettings& log) {
  if (log.to == "syslog" || log.to == "stderr") return {};
  const auto slash = log.to.rfind('/');
  if (::faccessat(AT_FDCWD, log.to.c_str(), W_OK, AT_EACCESS) == 0) return {};
  if (errno == ENOENT) return can_write(log.to.substr(0, std::max<std::size_t>(slash, 1)));
  return system_failure("write to the log file " + log.to, errno);
}

// A module that finds users must come before those that need one.
Done check_order(Session& session, Plugins& plugins) {
  std::string needs_user;
  for (const auto& name : session.configuration().modules) {
    const auto* module = PIGEON_TRY(plugins.open(PIGEON_KIND_MODULE, name));
    const bool finds = (module->operations<pigeon_module>().flags & PIGEON_MODULE_FINDS_USER) != 0;
    if (finds && !needs_user.empty()) {
      return misconfigured(name + " finds the user, and stands behind " + needs_user)
          .with_remedy("move " + name + " to the front of \"modules\" in the configuration");
    }
    if (!finds) needs_user = name;
  }
  return {};
}

// Who the checks are made as. Root has become the configured user by now.
std::string identity(const std::optional<std::string>& user) {
  auto self = "uid " + std::to_string(::geteuid());
  const auto* known = user ? ::getpwnam(user->c_str()) : nullptr;
  if (known == nullptr || known->pw_uid == ::geteuid()) return self;
  return self + ", where \"user\" is " + printable(*user) + ": run this as root, or as " + printable(*user);
}

}  // namespace

Done initialize(Session& session) {
  auto* plugins = PIGEON_TRY(session.plugins());
  const auto& schema = PIGEON_TRY(session.schema())->get();
  Report report(session.out());
  for (const auto& name : configured(session, *plugins)) {
    const auto opened = plugins->open(loader::kind_of(name), name);
    if (!opened) {
      report.note(name, opened.failure());
    } else if ((*opened)->descriptor().initialize != nullptr) {
      report.note(name, (*opened)->initialize(schema, later()), "is set up");
    }
  }
  return report.result();
}

Done check(Session& session) {
  const auto& configuration = session.configuration();
  Report report(session.out());
  report.note("configuration", {}, configuration.file);
  report.note("identity", {}, identity(configuration.user));
  report.note("log", check_log(configuration.log), configuration.log.to);
  report.note("spool", can_write(configuration.spool.directory), configuration.spool.directory);
  const auto plugins = session.plugins();
  if (!plugins) {
    report.note("plugins", plugins.failure());
    return report.result();
  }
  for (const auto& [name, entry] : (*plugins)->index().entries()) {
    const auto described = (*plugins)->describe(loader::kind_of(name), name);
    report.note("plugin " + entry.name, described ? Done() : Done(described.failure()));
  }
  for (const auto& name : configured(session, **plugins)) {
    const auto opened = (*plugins)->open(loader::kind_of(name), name);
    report.note("set-up of " + name, opened ? (*opened)->check(later()) : Done(opened.failure()));
  }
  const auto datatree = (*plugins)->open(PIGEON_KIND_DATATREE, configuration.datatree);
  report.note("datatree", datatree ? Done() : Done(datatree.failure()), configuration.datatree);
  report.note("order of modules", check_order(session, **plugins), join(configuration.modules, ", "));
  return report.result();
}

}  // namespace pigeon::control
