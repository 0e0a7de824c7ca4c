// SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <pigeon/sdk/text.hpp>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <thread>

namespace datatree_ldap {
namespace {

using pigeon::nanoseconds;
using pigeon::Token;

Result<Token> new_token() {
  std::array<unsigned char, 16> bytes = {};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return pigeon::temporary("get random bytes");
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  Token token;
  for (const auto byte : bytes) token += {kHex[byte >> 4U], kHex[byte & 15U]};
  return token;
}

// Long enough not to burden the server, different for each, so that those who wait do not wake together.
void pause(Deadline deadline) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto time = std::chrono::milliseconds(std::uniform_int_distribution<>(10, 40)(random));
  std::this_thread::sleep_for(std::min(nanoseconds(time), deadline.left()));
}

// Where no copy can tell, the provider can.
std::vector<Server> all_of(const Options& options) {
  auto servers = options.servers;
  for (const auto& each : options.providers) {
    const auto same = [&](const auto& other) { return other.uri == each.uri; };
    if (std::none_of(servers.begin(), servers.end(), same)) servers.push_back(each);
  }
  return servers;
}

}  // namespace

Tree::Tree(Options options)
    : options_(std::move(options)),
      servers_(all_of(options_), options_),
      referrals_(options_),
      context_{options_, referrals_} {
  if (!options_.providers.empty()) providers_.emplace(options_.providers, options_);
}

Result<std::unique_ptr<Tree>> Tree::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  return std::make_unique<Tree>(PIGEON_TRY(Options::of(settings)));
}

Result<std::optional<pigeon::Objects>> Tree::fetch_from(Servers& servers, const pigeon::Fetch& request) {
  using Answered = std::optional<pigeon::Objects>;
  return servers.on_one<Answered>(
      request.deadline, [&](Connection& connection, Deadline until) -> Result<Answered> {
        auto found = PIGEON_TRY(Reader(connection, context_, until).find(request.path, request.depth));
        if (!found) return std::nullopt;
        return std::move(found->objects);
      });
}

// What is not there in a copy may only not be there yet.
Result<std::optional<pigeon::Objects>> Tree::fetch(const pigeon::Fetch& request) {
  auto found = PIGEON_TRY(fetch_from(request.authoritative ? provider() : servers_, request));
  if (found || request.authoritative || !providers_) return found;
  return fetch_from(*providers_, request);
}

Result<std::optional<pigeon::Objects>> Tree::children(const pigeon::Page& request) {
  using Answered = std::optional<pigeon::Objects>;
  // From the provider: pages from here and there would not fit each other.
  return provider().on_one<Answered>(request.deadline, [&](Connection& connection, Deadline until) {
    return listing_.page(connection, context_, request, until);
  });
}

Result<pigeon::Applied> Tree::apply(const pigeon::Update& update) {
  listing_.forget();
  return provider().on_one<pigeon::Applied>(update.deadline, [&](Connection& connection, Deadline until) {
    return Writer(connection, context_, until).apply(update);
  });
}

// A holder is overtaken when its token was seen unchanged for a whole lease, by our own clock: nobody's clock
// is compared with anybody else's.
Result<std::optional<Token>> Tree::lock(const pigeon::TreePath& path, nanoseconds lease, Deadline deadline) {
  const auto ours = PIGEON_TRY(new_token());
  std::optional<Token> watched;
  auto since = pigeon::Clock::now();
  using Observed = std::optional<Writer::Lock>;
  for (;;) {
    const auto observed =
        PIGEON_TRY(provider().on_one<Observed>(deadline, [&](Connection& connection, Deadline until) {
          return Writer(connection, context_, until).observe(path);
        }));
    if (!observed) return std::nullopt;
    // A write whose answer was lost has gone through.
    if (observed->token == ours) return ours;
    if (watched != observed->token) {
      watched = observed->token;
      since = pigeon::Clock::now();
    }
    const bool is_free = observed->token.empty() || pigeon::Clock::now() - since >= lease;
    if (is_free) {
      auto taken = provider().on_one<bool>(deadline, [&](Connection& connection, Deadline until) {
        return Writer(connection, context_, until).exchange(*observed, ours);
      });
      if (taken && *taken) return ours;
      if (!taken && (!taken.failure().may_have_happened || deadline.passed()))
        return std::move(taken).failure();
    }
    if (deadline.passed()) {
      return pigeon::failure(PIGEON_BUSY,
                             "lock " + path.text() + ": others held the lock until the deadline");
    }
    if (!is_free) pause(deadline);
  }
}

Result<pigeon::Applied> Tree::unlock(const pigeon::TreePath& path, const Token& token, Deadline deadline) {
  return provider().on_one<pigeon::Applied>(
      deadline, [&](Connection& connection, Deadline until) -> Result<pigeon::Applied> {
        Writer writer(connection, context_, until);
        const auto observed = PIGEON_TRY(writer.observe(path));
        if (!observed) return Applied::not_there;
        if (observed->token != token) return Applied::conflict;
        return PIGEON_TRY(writer.exchange(*observed, "")) ? Applied::yes : Applied::conflict;
      });
}

Result<std::string> Tree::print_schema(const pigeon_schema& schema, std::string_view language) const {
  if (language != "ldap" && language != "cn-config") {
    return pigeon::failure(PIGEON_UNSUPPORTED, "datatree-ldap prints its schema as ldap or cn-config only");
  }
  const auto printed = PIGEON_TRY(LdapSchema::of(schema, options_.vocabulary));
  return language == "ldap" ? printed.as_file() : printed.as_ldif();
}

}  // namespace datatree_ldap
