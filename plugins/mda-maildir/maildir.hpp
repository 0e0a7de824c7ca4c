// SPDX-License-Identifier: MIT
//
// The MDA for Maildirs.
#pragma once

#include <home-template/home.hpp>

#include <pigeon/sdk/file.hpp>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mda_maildir {

class Maildir {
 public:
  Maildir(pigeon::Host host, home_template::Homes homes, bool one_flush)
      : host_(host), homes_(std::move(homes)), one_flush_(one_flush) {}
  static pigeon::Result<std::unique_ptr<Maildir>> open(pigeon::Host host, const pigeon::Settings& settings);

  pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                             const pigeon::Attributes& requests) {
    return homes_.propose(principal, requests);
  }
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  void deliver(std::span<pigeon::Delivery> batch);
  pigeon::Done list(const pigeon::Allocation& allocation, pigeon::Deadline deadline,
                    const std::function<bool(const pigeon::Entry&)>& visit);
  pigeon::Done adopt(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  pigeon::Done purge(const pigeon::Allocation& allocation, pigeon::Deadline deadline);

  pigeon::Done read(const pigeon::Allocation& allocation, const std::string& folder, const std::string& name,
                    pigeon::Deadline deadline, const std::function<bool(std::string_view)>& give);
  pigeon::Done retire(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  pigeon::Result<pigeon::Usage> usage(const pigeon::Allocation& allocation,
                                      const pigeon::Settings& preferences, bool recount,
                                      pigeon::Deadline deadline);

  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline);
  pigeon::Done check(pigeon::Deadline deadline);

 private:
  // Of a mailbox of ours, also one that is retired; or of another program's, where the allocation has no id.
  [[nodiscard]] pigeon::Result<pigeon::Directory> to_read(const pigeon::Allocation& allocation) const;

  pigeon::Host host_;
  home_template::Homes homes_;
  bool one_flush_;
};

}  // namespace mda_maildir
