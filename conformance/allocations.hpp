// SPDX-License-Identifier: MIT
//
// Memory that runs out: one allocation of a plugin's call fails, as malloc fails, and as operator new throws.
// The runner's malloc and its kin stand before the C library's, to which they pass everything on. What other
// libraries allocate for the plugin is left alone: many of them end the process when they get nothing, and no
// plugin can help that.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace pigeon::conformance {

// Why no allocation can be made to fail in this build; empty if they can.
std::string why_no_allocation_fails();

// The plugin's file. REQUIRES: the text stays.
void note_plugin(const char* path);

// From here on, the allocations of plugins' calls in this process are counted, from 1; the one with this
// number fails. 0: none does.
void count_allocations(std::atomic<std::uint64_t>& counter, std::uint64_t failing);
void count_no_allocations();

// A call into the plugin: what is allocated meanwhile, by whatever thread, is the plugin's.
class PluginCall {
 public:
  PluginCall();
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;
  PluginCall(PluginCall&&) = delete;
  PluginCall& operator=(PluginCall&&) = delete;
  ~PluginCall();
};

// The plugin has called back: what this thread allocates meanwhile is the host's.
class HostCall {
 public:
  HostCall();
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;
  HostCall(HostCall&&) = delete;
  HostCall& operator=(HostCall&&) = delete;
  ~HostCall();
};

}  // namespace pigeon::conformance
