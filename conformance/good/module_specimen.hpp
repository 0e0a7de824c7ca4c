// SPDX-License-Identifier: MIT
//
// A module that keeps every promise, in steps that a mutant can get wrong one at a time. It looks at the
// object that configures it, takes a note of the sender, and stores the message in the folder that was asked
// for.
#pragma once

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/module.hpp>
#include <pigeon/sdk/schema.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace specimen {

using namespace pigeon;  // NOLINT(google-build-using-namespace): every mutant speaks of plugins

class Module {
 public:
  Module(Host host, const Settings& settings) : host_(host), notes_(settings.text("notes")) {}
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  Module(Module&&) = delete;
  Module& operator=(Module&&) = delete;
  virtual ~Module() = default;

  virtual Result<Outcome> run(Run& run) {
    PIGEON_TRY(look(run));
    if (!run.is_dry()) PIGEON_TRY(take_a_note(run));
    const auto folder = folder_of(run);
    explain(run, "stored in folder '" + printable(folder) + "'");
    PIGEON_TRY(store(run, folder));
    return Outcome::taken;
  }

 protected:
  virtual Done look(Run& run) {
    const auto own = PIGEON_TRY(run.fetch(""));
    return own ? Done() : misconfigured("read one's own object: it is gone");
  }
  // Of the last sender. Whatever was written of one before is written anew.
  virtual Done take_a_note(Run& run) {
    const Fd file(::open(notes_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.is_open()) return system_failure("open " + notes_, errno);
    return write_all(file, run.envelope().sender(), notes_);
  }
  virtual std::string folder_of(Run& run) { return std::string(run.envelope().folder()); }
  virtual void explain(Run& run, const std::string& line) { run.explain(line); }
  virtual Done store(Run& run, const std::string& folder) {
    PIGEON_TRY(run.allocate("creator-specimen", "mda-specimen"));
    return run.store("mda-specimen", folder);
  }

  Host host_;
  std::string notes_;
};

inline constexpr std::array<pigeon_declaration, 0> kNone = {};
inline constexpr pigeon_class kClass = structural(PIGEON_SPECIMEN_NAME, "stores mail", kNone);
inline constexpr std::array kClasses = {&kClass};
inline constexpr std::array kSettings = {
    path_of("notes", "a file for the last sender", PIGEON_DECLARATION_MANDATORY)};
inline constexpr About kAbout = {PIGEON_SPECIMEN_NAME, "1.0", "shows what a check looks for", kClasses,
                                 kSettings};

// Opens a mutant, whose steps are those of Module but for one.
template <typename Mutant>
class Opens : public Module {
 public:
  using Module::Module;
  static Result<std::unique_ptr<Mutant>> open(Host host, const Settings& settings) {
    return std::make_unique<Mutant>(host, settings);
  }
};

}  // namespace specimen
