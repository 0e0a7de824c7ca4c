// SPDX-License-Identifier: MIT
//
// The MDA for mboxes.
#pragma once

#include "batch.hpp"
#include "reading.hpp"

#include <home-template/home.hpp>

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/plugin.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace mda_mbox {

class Mbox {
 public:
  Mbox(pigeon::Host host, home_template::Homes homes, Rules rules)
      : host_(host), homes_(std::move(homes)), rules_(std::move(rules)) {}
  static pigeon::Result<std::unique_ptr<Mbox>> open(pigeon::Host host, const pigeon::Settings& settings);

  pigeon::Result<pigeon::Attributes> propose(const pigeon::Principal& principal,
                                             const pigeon::Attributes& requests);
  pigeon::Done ensure(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  void deliver(std::span<pigeon::Delivery> batch);
  pigeon::Done list(const pigeon::Allocation& allocation, pigeon::Deadline deadline,
                    const std::function<bool(const pigeon::Entry&)>& visit);
  pigeon::Done read(const pigeon::Allocation& allocation, const std::string& folder, const std::string& name,
                    pigeon::Deadline deadline, const std::function<bool(std::string_view)>& give);
  pigeon::Done adopt(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  pigeon::Done retire(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  pigeon::Done purge(const pigeon::Allocation& allocation, pigeon::Deadline deadline);
  pigeon::Result<pigeon::Usage> usage(const pigeon::Allocation& allocation,
                                      const pigeon::Settings& preferences, bool recount,
                                      pigeon::Deadline deadline);
  pigeon::Done initialize(const pigeon_schema& schema, pigeon::Deadline deadline);
  pigeon::Done check(pigeon::Deadline deadline);

 private:
  pigeon::Host host_;
  home_template::Homes homes_;
  Rules rules_;
  Ledgers ledgers_;
  Listed listed_;
};

}  // namespace mda_mbox
