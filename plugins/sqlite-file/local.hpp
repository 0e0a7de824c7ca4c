// SPDX-License-Identifier: MIT
//
// SQLite's log needs memory that all its users share, so a file with one must be on a local file system.
#pragma once

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

namespace sqlite_file {

inline bool is_remote(const struct statfs& system) {
  constexpr std::array<long, 5> kRemote = {NFS_SUPER_MAGIC, static_cast<long>(0xff534d42), SMB_SUPER_MAGIC,
                                           static_cast<long>(0xfe534d42), CEPH_SUPER_MAGIC};
  return std::find(kRemote.begin(), kRemote.end(), static_cast<long>(system.f_type)) != kRemote.end();
}

}  // namespace sqlite_file
