// SPDX-License-Identifier: MIT
#include "home.hpp"

#include <mailbox-rules/spread.hpp>

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/text.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

namespace home_template {
namespace {

using pigeon::Result;

constexpr std::string_view kHex = "0123456789ABCDEF";

std::string two_digits(std::uint64_t byte) {
  return {kHex[(byte >> 4U) & 15U], kHex[byte & 15U]};
}

// No path can be made of these names; the administrator can give one.
pigeon::Failure no_path_of(std::string_view name, const std::string& why, const pigeon::Principal& principal,
                           const std::string& plugin) {
  return pigeon::misconfigured("make a path of '" + pigeon::printable(name) + "'" + why)
      .with_remedy("request a directory on the user's own mailStore object: home=DIRECTORY, class " + plugin +
                   " (" + pigeon::shell_word(principal.address()) + ")");
}

Result<std::string> file_name(const std::string& name, const pigeon::Principal& principal,
                              const std::string& plugin) {
  if (auto encoded = pigeon::file_name(name)) return *std::move(encoded);
  return no_path_of(name, ": it cannot be the name of a directory", principal, plugin);
}

// The beginning will do for whoever wrote it, and leaves room in the record for what is wrong with it.
std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 100;
  return text.size() <= kMost ? pigeon::printable(text) : pigeon::printable(text.substr(0, kMost)) + "...";
}

}  // namespace

Result<HomeTemplate> HomeTemplate::parse(std::string_view text, std::string plugin) {
  const auto wrong = [&](const std::string& why) {
    return pigeon::misconfigured("use \"home\" of " + plugin + ", \"" + shortened(text) + "\": " + why)
        .with_remedy("write a relative path with {user} in it, such as \"{domain}/{user}\"");
  };
  if (!pigeon::is_safe_path(text))
    return wrong("it is not a relative path, leads upwards, or has too long a name in it");
  HomeTemplate parsed(std::string(text), plugin);
  const auto expanded = parsed.home_of({.domain = "d", .user = "u"});
  if (!expanded) return wrong(expanded.failure().detail);
  if (text.find("{user}") == std::string_view::npos) return wrong("all users would have the same mailbox");
  return parsed;
}

Result<std::string> HomeTemplate::home_of(const pigeon::Principal& principal) const {
  const auto hash = mailbox_rules::spread(principal.address());
  std::string home;
  for (std::string_view rest = text_; !rest.empty();) {
    const auto begin = rest.find('{');
    home += rest.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const auto end = rest.find('}', begin);
    const auto name = rest.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
    if (name == "domain") {
      home += PIGEON_TRY(file_name(principal.domain, principal, plugin_));
    } else if (name == "user") {
      home += PIGEON_TRY(file_name(principal.user, principal, plugin_));  // empty: the catch-all's own name
    } else if (name.size() == 5 && pigeon::starts_with(name, "hash") && name[4] >= '1' && name[4] <= '4') {
      home += two_digits(hash >> (8U * static_cast<unsigned>(name[4] - '1')));
    } else {
      return pigeon::misconfigured("there is no {" + pigeon::printable(name) +
                                   "}; there are {domain}, {user} and "
                                   "{hash1} to {hash4}");
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (pigeon::is_safe_path(home)) return home;
  return no_path_of(std::string_view(principal.user).substr(0, NAME_MAX),
                    " by the template: a name in it is too long, or is none", principal, plugin_);
}

Result<std::string> requested_home(std::string_view request, const std::string& base,
                                   const std::string& plugin) {
  auto relative = request;
  if (pigeon::starts_with(relative, base + "/")) relative.remove_prefix(base.size() + 1);
  if (pigeon::is_safe_path(relative)) return std::string(relative);
  return pigeon::misconfigured("use the requested home '" + pigeon::printable(request) +
                               "': it does not lie below " + base)
      .with_remedy("request a directory below the base of " + plugin + ", such as home=example.com/alice");
}

Result<Homes> Homes::of(const pigeon::Settings& settings, std::string plugin) {
  auto home = PIGEON_TRY(HomeTemplate::parse(settings.text("home"), plugin));
  auto base = settings.text("base");
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  return Homes(std::move(base), std::move(home), std::move(plugin));
}

Result<std::optional<std::string>> Homes::requested(const pigeon::Attributes& requests) const {
  const auto request = requests.get("home");
  if (!request) return std::nullopt;
  return std::optional(PIGEON_TRY(requested_home(*request, base_, plugin_)));
}

Result<pigeon::Attributes> Homes::propose(const pigeon::Principal& principal,
                                          const pigeon::Attributes& requests) const {
  const auto asked = PIGEON_TRY(requested(requests));
  return pigeon::Attributes{{"home", {asked ? *asked : PIGEON_TRY(by_template(principal))}}};
}

Result<std::string> allocated_home(const pigeon::Allocation& allocation) {
  const auto home = allocation.attributes.get("home");
  if (home && pigeon::is_safe_path(*home)) return std::string(*home);
  return pigeon::misconfigured("use the allocation " + pigeon::printable(allocation.id) + ": its home '" +
                               pigeon::printable(home.value_or("")) + "' is not a path below the base")
      .with_remedy("restore the allocation of " + pigeon::shell_word(allocation.principal.address()) +
                   " from a backup of the tree");
}

pigeon::Done check_base(const std::string& path) {
  const auto base = PIGEON_TRY(pigeon::open_base(path));
  struct stat status = {};
  if (::fstat(base.fd(), &status) != 0) return pigeon::system_failure("examine " + path, errno);
  if (status.st_uid != ::geteuid() || (status.st_mode & 022U) != 0) {
    return pigeon::misconfigured("use base directory " + path + ": it must belong to uid " +
                                 std::to_string(::geteuid()) + " and be writable by nobody else")
        .with_remedy("chown " + std::to_string(::geteuid()) + " " + pigeon::shell_word(path) +
                     " && chmod go-w " + pigeon::shell_word(path));
  }
  if (::faccessat(base.fd(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return pigeon::system_failure("write in base directory " + path, errno);
  }
  return {};
}

}  // namespace home_template
