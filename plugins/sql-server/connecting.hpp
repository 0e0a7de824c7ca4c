// SPDX-License-Identifier: MIT
//
// What the client library does to the process when it connects, undone: it ignores SIGPIPE from then on, and
// it opens its connection so that programs which are started later inherit it, without saying which
// descriptor that is.
#pragma once

#include <dirent.h>

#include <csignal>
#include <memory>
#include <set>

namespace sql_server {

class Connecting {
 public:
  Connecting();
  // The sockets that have come since are not inherited. Another thread's may be among them: it does not mind.
  ~Connecting();
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  Connecting(Connecting&&) = delete;
  Connecting& operator=(Connecting&&) = delete;

 private:
  struct CloseDirectory {
    void operator()(DIR* opened) const { ::closedir(opened); }
  };
  struct sigaction on_broken_pipe_ = {};
  // Of the descriptors of this process; open until the end, which is to need no memory.
  std::unique_ptr<DIR, CloseDirectory> directory_;
  std::set<int> inherited_;
};

}  // namespace sql_server
