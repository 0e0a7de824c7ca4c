// SPDX-License-Identifier: MIT
//
// What a creator may do, bound to one principal and one MDA: it reads what stands in the tree, has an
// allocation proposed, and commits it, under a lock if it wants one.
#pragma once

#include "host/plugins.hpp"
#include "host/tree.hpp"

#include <pigeon/sdk/mda.hpp>
#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/tree_path.hpp>

#include <cstdint>
#include <optional>

namespace pigeon::host {

class Allocator;

class Obtaining {
 public:
  struct For {
    TreePath path;
    Principal names;
  };
  Obtaining(Allocator& allocator, Tree& tree, Opened& mda, const Attributes& requests, For principal,
            Deadline deadline)
      : allocator_(allocator),
        tree_(tree),
        mda_(mda),
        requests_(requests),
        principal_(std::move(principal)),
        deadline_(deadline) {}

  Result<Allocation> by(Opened& creator);

 private:
  static Obtaining& of(void* context) { return *static_cast<Obtaining*>(context); }
  static pigeon_status read(void* context, pigeon_error* error) noexcept;
  static pigeon_status propose(void* context, pigeon_error* error) noexcept;
  static pigeon_status commit(void* context, std::uint32_t condition, pigeon_error* error) noexcept;
  static pigeon_status lock(void* context, std::uint64_t lease, pigeon_error* error) noexcept;
  static pigeon_status unlock(void* context, pigeon_error* error) noexcept;

  [[nodiscard]] Failure vanished() const;
  Result<bool> read_standing();
  Result<Applied> commit_proposed(std::uint32_t condition);

  Allocator& allocator_;
  Tree& tree_;
  Opened& mda_;
  const Attributes& requests_;
  For principal_;
  Deadline deadline_;
  std::optional<Allocation> proposed_;
  std::optional<Allocation> obtained_;
  std::optional<Token> token_;
};

}  // namespace pigeon::host
