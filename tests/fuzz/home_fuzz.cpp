// SPDX-License-Identifier: MIT
#include "fuzz.hpp"

#include "plugins/home-template/home.hpp"

#include <pigeon/sdk/mailbox.hpp>
#include <pigeon/sdk/tree_path.hpp>

using pigeon::fuzz::require;

// A template, a domain and two users.
int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto rest = pigeon::fuzz::text_of(bytes, size);
  const auto text = pigeon::fuzz::next(rest);
  const std::string domain(pigeon::fuzz::next(rest));
  const std::string user(pigeon::fuzz::next(rest));
  const std::string other(pigeon::fuzz::next(rest));
  if (const auto requested = home_template::requested_home(text, "/base", "mda-maildir"))
    require(pigeon::is_safe_path(*requested), "a request leads nowhere but downwards");
  const auto home = home_template::HomeTemplate::parse(text, "mda-maildir");
  if (!home || !pigeon::TreePath::is_name(domain)) return 0;
  const auto is_name = [](const std::string& name) {
    return name.empty() || pigeon::TreePath::is_name(name);
  };
  if (!is_name(user) || !is_name(other)) return 0;
  const auto first = home->home_of({domain, user});
  const auto second = home->home_of({domain, other});
  if (first) require(pigeon::is_safe_path(*first), "a home leads nowhere but downwards");
  if (first && second) require((*first == *second) == (user == other), "no two users share a home");
  return 0;
}
