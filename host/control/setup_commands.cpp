// SPDX-License-Identifier: MIT
#include "host/control/commands.hpp"

#include "host/loader/index.hpp"

#include <pigeon/abi/module.h>
#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/text.hpp>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::control {
namespace {

// Making a large tree's tables may take a while; nobody's mail is waiting for it.
Deadline later() {
  return Deadline::in(std::chrono::minutes(10));
}

// A plugin, and what it is to be used as.
struct Use {
  std::uint32_t kind;
  std::string name;
};

// The kind that a setting is named after: what it names is to be of that kind, whatever it is called.
std::optional<std::uint32_t> kind_meant(std::string_view setting) {
  for (const std::uint32_t kind :
       {PIGEON_KIND_DATATREE, PIGEON_KIND_MODULE, PIGEON_KIND_MDA, PIGEON_KIND_CREATOR}) {
    if (same_name(setting, loader::kind_name(kind))) return kind;
  }
  return std::nullopt;
}

// What a module's settings name: values of one that is named after a kind, and values that are called as a
// plugin of another kind is.
std::vector<Use> named_by(const std::string& module, Session& session, Plugins& plugins) {
  std::vector<Use> uses;
  const auto described = plugins.describe(PIGEON_KIND_MODULE, module);
  const auto settings = described ? session.configuration().settings_of(**described) : described.failure();
  if (!settings) return uses;  // reported when the module itself is looked at
  for (const auto& [name, values] : settings->attributes()) {
    const auto meant = kind_meant(name);
    for (const auto& value : values) {
      const auto kind = loader::kind_of(value);
      if (meant || kind != PIGEON_KIND_MODULE) uses.push_back({meant.value_or(kind), value});
    }
  }
  return uses;
}

// The plugins that the configuration speaks of: those that it names, and those that have a section.
std::vector<Use> configured(Session& session, Plugins& plugins) {
  const auto& configuration = session.configuration();
  std::vector<Use> uses;
  const auto add = [&](const Use& use) {
    const auto same = [&](const auto& each) {
      return each.kind == use.kind && same_name(each.name, use.name);
    };
    if (std::none_of(uses.begin(), uses.end(), same)) uses.push_back(use);
  };
  const auto add_as_named = [&](const std::string& name) { add({loader::kind_of(name), name}); };
  add_as_named(configuration.datatree);
  for (const auto& module : configuration.modules) add_as_named(module);
  for (const auto& section : configuration.plugin_sections()) {
    if (const auto* entry = plugins.index().find(section)) add_as_named(entry->name);
  }
  for (const auto& module : configuration.modules) {
    for (const auto& use : named_by(module, session, plugins)) add(use);
  }
  return uses;
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

// Root has read the file as itself, and the MTA runs the programs as somebody else.
Done can_read(const std::string& file) {
  if (::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) == 0) return {};
  return system_failure("read " + file, errno);
}

// setting: which part of the configuration names the directory.
Done can_write(const std::string& directory, const std::string& setting) {
  if (::faccessat(AT_FDCWD, (directory + "/.").c_str(), W_OK, AT_EACCESS) == 0) return {};
  auto met = system_failure("write in " + directory, errno);
  if (met.remedy.empty()) met.remedy = "make that directory, or correct " + setting + " in the configuration";
  return met;
}

Done check_log(const host::LogSettings& log) {
  if (log.to == "syslog" || log.to == "stderr") return {};
  constexpr const char* kSetting = R"("log": {"to"})";
  const auto slash = log.to.rfind('/');
  struct stat status = {};
  if (::stat(log.to.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return misconfigured("write to the log file " + log.to + ": it is a directory")
        .with_remedy(std::string("name a file in ") + kSetting + " of the configuration");
  }
  if (::faccessat(AT_FDCWD, log.to.c_str(), W_OK, AT_EACCESS) == 0) return {};
  if (errno == ENOENT) return can_write(log.to.substr(0, std::max<std::size_t>(slash, 1)), kSetting);
  auto met = system_failure("write to the log file " + log.to, errno);
  if (met.remedy.empty()) met.remedy = std::string("correct ") + kSetting + " in the configuration";
  return met;
}

// A module that finds users must come before those that need one, and one of them must take the mail.
Done check_modules(Session& session, Plugins& plugins) {
  std::string needs_user;
  bool takes = false;
  for (const auto& name : session.configuration().modules) {
    const auto* module = PIGEON_TRY(plugins.open(PIGEON_KIND_MODULE, name));
    const auto flags = module->operations<pigeon_module>().flags;
    const bool finds = (flags & PIGEON_MODULE_FINDS_USER) != 0;
    takes = takes || (flags & PIGEON_MODULE_TAKES) != 0;
    if (finds && !needs_user.empty()) {
      return misconfigured(name + " finds the user, and stands behind " + needs_user)
          .with_remedy("move " + name + " to the front of \"modules\" in the configuration");
    }
    if (!finds) needs_user = name;
  }
  if (takes) return {};
  return misconfigured("none of \"modules\" stores mail, or takes it otherwise: all of it waits")
      .with_remedy(
          "name one that does in \"modules\" of the configuration; `pigeonctl plugin list` shows what there "
          "is");
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
  for (const auto& [kind, name] : configured(session, *plugins)) {
    const auto opened = plugins->open(kind, name);
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
  report.note("configuration", can_read(configuration.file), configuration.file);
  report.note("identity", {}, identity(configuration.user));
  report.note("log", check_log(configuration.log), configuration.log.to);
  report.note("spool", can_write(configuration.spool.directory, R"("spool": {"directory"})"),
              configuration.spool.directory);
  const auto plugins = session.plugins();
  if (!plugins) {
    report.note("plugins", plugins.failure());
    return report.result();
  }
  for (const auto& [name, entry] : (*plugins)->index().entries()) {
    const auto described = (*plugins)->describe(loader::kind_of(name), name);
    report.note("plugin " + entry.name, described ? Done() : Done(described.failure()));
  }
  for (const auto& [kind, name] : configured(session, **plugins)) {
    const auto opened = (*plugins)->open(kind, name);
    report.note("set-up of " + name, opened ? (*opened)->check(later()) : Done(opened.failure()));
  }
  const auto datatree = (*plugins)->open(PIGEON_KIND_DATATREE, configuration.datatree);
  report.note("datatree", datatree ? Done() : Done(datatree.failure()), configuration.datatree);
  report.note("order of modules", check_modules(session, **plugins), join(configuration.modules, ", "));
  return report.result();
}

}  // namespace pigeon::control
