// SPDX-License-Identifier: MIT
//
// What is printed to the standard output and to the standard error output.
#pragma once

#include <pigeon/sdk/file.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace pigeon::conformance {

// What is printed while this lives goes into a file without a name.
class Printed {
 public:
  Printed() : file_(::memfd_create("printed", MFD_CLOEXEC)) {
    static_cast<void>(std::fflush(nullptr));
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
      usual_.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
      ::dup2(file_.get(), fd);
    }
  }
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  Printed(Printed&&) = delete;
  Printed& operator=(Printed&&) = delete;
  ~Printed() { back(); }

  std::string text() {
    back();
    std::string text(4096, '\0');
    const auto got = ::pread(file_.get(), text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  void back() {
    static_cast<void>(std::fflush(nullptr));
    for (std::size_t each = 0; each < usual_.size(); ++each)
      ::dup2(usual_[each].get(), each == 0 ? STDOUT_FILENO : STDERR_FILENO);
    usual_.clear();
  }
  Fd file_;
  std::vector<Fd> usual_;
};

}  // namespace pigeon::conformance
