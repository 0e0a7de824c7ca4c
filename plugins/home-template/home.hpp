// SPDX-License-Identifier: MIT
//
// Where a principal's mailbox goes: a path below the base directory, from the administrator's template or at
// his request. Names become parts of paths here and nowhere else.
#pragma once

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/settings.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace home_template {

// A template such as "{domain}/{user}" or "{hash1}/{hash2}/{domain}/{user}". {hash1} to {hash4} are two
// hexadecimal digits each, which spread the users evenly; {user} must be in it.
class HomeTemplate {
 public:
  // plugin: the MDA whose setting this is, for what people are told.
  static pigeon::Result<HomeTemplate> parse(std::string_view text, std::string plugin);

  // A local part with "/", a control character or a leading "." is refused; other characters that are unusual
  // in file names are written as "=" and two hexadecimal digits, so that no two users share a path. The
  // catch-all of a domain has a name that no user can have.
  [[nodiscard]] pigeon::Result<std::string> home_of(const pigeon::Principal& principal) const;

 private:
  HomeTemplate(std::string text, std::string plugin) : text_(std::move(text)), plugin_(std::move(plugin)) {}
  std::string text_;
  std::string plugin_;
};

// A home that the administrator asks for, below `base`: relative, or absolute and below it.
pigeon::Result<std::string> requested_home(std::string_view request, const std::string& base,
                                           const std::string& plugin);

// The homes of an MDA, by its settings "base" and "home".
class Homes {
 public:
  static pigeon::Result<Homes> of(const pigeon::Settings& settings, std::string plugin);

  [[nodiscard]] const std::string& base() const { return base_; }
  // The one that is requested; nothing if none is.
  [[nodiscard]] pigeon::Result<std::optional<std::string>> requested(
      const pigeon::Attributes& requests) const;
  [[nodiscard]] pigeon::Result<std::string> by_template(const pigeon::Principal& principal) const {
    return template_.home_of(principal);
  }
  // The first of these that there is, as an allocation.
  [[nodiscard]] pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                                           const pigeon::Attributes& requests) const;

 private:
  Homes(std::string base, HomeTemplate home_template, std::string plugin)
      : base_(std::move(base)), template_(std::move(home_template)), plugin_(std::move(plugin)) {}
  std::string base_;
  HomeTemplate template_;
  std::string plugin_;
};

// The attribute "home" of an allocation, which somebody may have tampered with.
pigeon::Result<std::string> allocated_home(const pigeon::Allocation& allocation);

// Whether the base directory is there, marked, ours alone, and can be written to.
pigeon::Done check_base(const std::string& path);

}  // namespace home_template
