// SPDX-License-Identifier: MIT
#include "servers.hpp"

#include <pigeon/sdk/text.hpp>

namespace datatree_ldap {

Servers::Servers(const std::vector<Server>& servers, const Options& options) : options_(&options) {
  for (const auto& each : servers) servers_.push_back({each});
}

Result<Connection> Servers::connect(const Known& each, Deadline deadline) const {
  if (deadline.passed())
    return pigeon::failure(PIGEON_TIMEOUT, each.server.uri + ": the deadline has passed");
  const auto patience = std::min(deadline.left(), options_->connect_timeout);
  return Connection::open(each.server, options_->tls, Deadline::in(patience));
}

std::vector<std::size_t> Servers::order() {
  std::vector<std::size_t> indices(servers_.size());
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
  const auto rank = [this](std::size_t index) {
    const auto& each = servers_[index];
    return each.connection ? 0 : each.failed_until.passed() ? 1 : 2;
  };
  std::stable_sort(indices.begin(), indices.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
  last_ = indices.back();
  return indices;
}

void Servers::note(std::optional<Failure>& met, const Failure& failure) {
  if (!met) {
    met = failure;
    return;
  }
  if (met->detail != failure.detail) met->detail += "; " + failure.detail;
  if (met->remedy.empty()) met->remedy = failure.remedy;
  met->may_have_happened |= failure.may_have_happened;
}

Referrals::Referrals(const Options& options) {
  for (const auto* servers : {&options.referred, &options.providers, &options.servers}) {
    for (const auto& each : *servers) {
      const auto place = place_of(each.uri);
      if (place && find(*place) == nullptr) known_.emplace_back(*place, Servers({each}, options));
    }
  }
}

Servers* Referrals::find(const Place& place) {
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const auto& each) { return each.first.is_same_server(place); });
  return found == known_.end() ? nullptr : &found->second;
}

Failure Referrals::too_far(const pigeon::Values& uris) {
  return pigeon::unavailable("follow a referral to " + pigeon::printable(pigeon::join(uris, " or ")) +
                             ": it was the last of " + std::to_string(kMostHops) + ", one after the other")
      .with_remedy("see whether the referrals in the directory lead in a circle");
}

Failure Referrals::unknown(const pigeon::Values& uris) {
  return pigeon::unavailable("follow a referral to " + pigeon::printable(pigeon::join(uris, " or ")) +
                             ": this server is not configured")
      .with_remedy(
          "name it in \"referralUris\" of datatree-ldap, if it is to be trusted with whose mail goes where");
}

}  // namespace datatree_ldap
