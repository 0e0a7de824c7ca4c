// SPDX-License-Identifier: MIT
//
// libldap writes to its sockets in a way that a closed one answers with SIGPIPE, which ends a process that
// has not asked to be spared. Whether it has is not for a plugin to decide.
#pragma once

#include <csignal>
#include <ctime>

namespace datatree_ldap {

// As long as this lives, SIGPIPE does not reach the calling thread; one that it would have caused is gone
// afterwards.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    // One that was not blocked would have come already.
    if (sigismember(&before_, SIGPIPE) != 1) return;
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal(WithoutPipeSignal&&) = delete;
  WithoutPipeSignal& operator=(WithoutPipeSignal&&) = delete;
  ~WithoutPipeSignal() {
    constexpr timespec kAtOnce = {};
    if (!was_pending_) static_cast<void>(sigtimedwait(&pipe_, nullptr, &kAtOnce));
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_ = {};
  sigset_t before_ = {};
  bool was_pending_ = false;
};

}  // namespace datatree_ldap
