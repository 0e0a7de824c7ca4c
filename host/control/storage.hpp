// SPDX-License-Identifier: MIT
//
// A mailbox as the commands handle it: an MDA, an allocation of it, and what can be done with the two.
#pragma once

#include "host/allocator.hpp"
#include "host/control/session.hpp"

#include <pigeon/abi/mda.h>
#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pigeon::control {

// Nobody's mail is waiting for it, and a mailbox may be large.
Deadline later();

class Storage {
 public:
  // `mda` outlives this.
  Storage(host::Opened& mda, Allocation allocation) : mda_(&mda), allocation_(std::move(allocation)) {}

  [[nodiscard]] host::Opened& mda() const { return *mda_; }
  [[nodiscard]] std::string name() const { return std::string(mda_->name()); }
  [[nodiscard]] const Allocation& allocation() const { return allocation_; }
  [[nodiscard]] std::string allocation_class() const;
  [[nodiscard]] bool has(std::uint32_t capability) const;

  // What the MDA has no function for fails as unsupported, and says what to do instead.
  [[nodiscard]] Done ensure() const { return host::ensure(*mda_, allocation_, later()); }
  [[nodiscard]] Done adopt() const;
  [[nodiscard]] Done retire() const;
  [[nodiscard]] Done purge() const;
  [[nodiscard]] Done list(const std::function<bool(const Entry&)>& visit) const;
  [[nodiscard]] Done read(const std::string& folder, const std::string& name,
                          const std::function<bool(std::string_view)>& give) const;
  [[nodiscard]] Result<Usage> usage(const Settings& preferences, bool recount) const;

 private:
  using Operation = pigeon_status (*)(void*, const pigeon_allocation*, std::uint64_t,
                                      pigeon_error*) PIGEON_NOEXCEPT;
  [[nodiscard]] Done call(Operation operation, const std::string& what, const std::string& instead) const;
  [[nodiscard]] Failure unsupported(const std::string& what, const std::string& instead) const;

  host::Opened* mda_;
  Allocation allocation_;
};

// A user or domain as it stands where writes go.
Result<Object> standing_object(Session& session, const TreePath& principal);

// A mailbox of a user or domain that is not the one that mail goes to: mail is being moved into it, or was
// moved out of it.
struct OtherMailbox {
  TreePath path;
  std::string mda;
  Allocation allocation;
  bool is_whole;  // not one that a move has begun and not ended
};
Result<std::vector<OtherMailbox>> other_mailboxes(Session& session, const TreePath& principal,
                                                  const Principal& names = {});

// Removes the object of one from the tree; the mailbox itself stays, if it is there.
Done forget(Session& session, const OtherMailbox& other);

// Deletes them, with their objects; it may be that only an object is left. Of two that have one place, only
// one can be there: the other's object goes once that is deleted.
Done purge_others(Session& session, std::vector<OtherMailbox> others);

// Whether an MDA keeps its mailboxes below a directory that is a setting of it; and an instance of such a
// one, with this directory.
Result<bool> has_base(Session& session, const std::string& mda);
Result<std::unique_ptr<host::Opened>> open_at(Session& session, const std::string& mda,
                                              const std::string& directory);

}  // namespace pigeon::control
