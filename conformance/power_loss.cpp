// SPDX-License-Identifier: MIT
#include "conformance/power_loss.hpp"

#include <pigeon/sdk/file.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <unordered_map>

namespace pigeon::conformance {
namespace fs = std::filesystem;
namespace {

using Kind = Operation::Kind;
constexpr std::size_t kNever = SIZE_MAX;

bool flushes(const Operation& flush, const Operation& change) {
  if (flush.kind == Kind::flush_all) return true;
  return flush.kind == Kind::flush && (flush.node == change.node || flush.node == change.to);
}

void apply(const Operation& operation, std::string& content) {
  if (operation.kind == Kind::truncate) content.resize(operation.offset, '\0');
  if (operation.kind != Kind::write) return;
  const auto end = operation.offset + operation.bytes.size();
  if (content.size() < end) content.resize(end, '\0');
  content.replace(operation.offset, operation.bytes.size(), operation.bytes);
}

void make(const std::string& path, const Node& node, const std::string& content) {
  std::error_code ignored;  // whoever is asked to judge finds what is missing
  if (node.kind == Node::Kind::directory) {
    fs::create_directory(path, ignored);
  } else if (node.kind == Node::Kind::link) {
    fs::create_symlink(content, path, ignored);
    return;
  } else {
    std::ofstream(path, std::ios::binary) << content;
  }
  ::chmod(path.c_str(), node.mode);
}

}  // namespace

PowerLoss::PowerLoss(const OperationLog& log) : log_(&log), flushed_(log.operations().size(), kNever) {
  const auto& operations = log.operations();
  std::vector<bool> is_lost(operations.size(), false);
  for (std::size_t flush = 0; flush < operations.size(); ++flush) {
    for (std::size_t change = 0; change < flush; ++change) {
      if (flushed_[change] != kNever || is_lost[change] || !operations[change].changes()) continue;
      if (!flushes(operations[flush], operations[change])) continue;
      // The kernel has forgotten what it could not write.
      if (operations[flush].failed) {
        is_lost[change] = true;
      } else {
        flushed_[change] = flush + 1;
      }
    }
  }
}

std::size_t PowerLoss::said_at(std::size_t moment) const {
  const auto& operations = log_->operations();
  return moment < operations.size() ? operations[moment].said : kNever;
}

PowerLoss::Set PowerLoss::flushed_at(std::size_t moment) const {
  Set set(flushed_.size(), false);
  for (std::size_t index = 0; index < moment; ++index) set[index] = flushed_[index] <= moment;
  return set;
}

std::vector<PowerLoss::State> PowerLoss::states() const {
  const auto& operations = log_->operations();
  std::map<Set, State> found;
  for (std::size_t moment = 0; moment <= operations.size(); ++moment) {
    const auto flushed = flushed_at(moment);
    auto everything = flushed;
    std::vector<std::size_t> loose;
    for (std::size_t index = 0; index < moment; ++index) {
      everything[index] = operations[index].changes();
      if (everything[index] && !flushed[index]) loose.push_back(index);
    }
    const auto add = [&](Set set, const std::string& what) {
      set = with_ways(std::move(set));
      // A later moment has seen more said: it takes the place of an earlier one.
      found[set] = {
          set, said_at(moment),
          "after step " + std::to_string(moment) + " of " + std::to_string(operations.size()) + ", " + what};
    };
    add(everything, "with everything on disk");
    for (const auto index : loose) {
      auto one = flushed;
      one[index] = true;
      add(one, "with what was flushed and step " + std::to_string(index + 1) + " on disk");
      auto others = everything;
      others[index] = false;
      add(others, "with all but step " + std::to_string(index + 1) + " on disk");
    }
    add(flushed, "with only what was flushed on disk");
  }
  std::unordered_map<std::string, State> distinct;
  for (auto& [set, state] : found) {
    auto& same = distinct[std::to_string(std::hash<std::string>{}(image(set)))];
    if (same.on_disk.empty() || state.said >= same.said) same = state;
  }
  std::vector<State> states;
  for (auto& [hash, state] : distinct) states.push_back(std::move(state));
  std::sort(states.begin(), states.end(), [](const State& a, const State& b) {
    return std::tie(a.said, a.moment) < std::tie(b.said, b.moment);
  });
  return states;
}

PowerLoss::State PowerLoss::last() const {
  const auto moment = flushed_.size();
  return {with_ways(flushed_at(moment)), said_at(moment), "at the end, with only what was flushed on disk"};
}

PowerLoss::NamesOf PowerLoss::names(const Set& set) const {
  NamesOf found;
  const std::function<void(const Node&)> load = [&](const Node& node) {
    auto& here = found[&node];
    for (const auto& [name, child] : node.names) {
      here[name] = child;
      if (child->kind == Node::Kind::directory) load(*child);
    }
  };
  load(log_->top());
  for (std::size_t index = 0; index < set.size(); ++index) {
    const auto& operation = log_->operations()[index];
    if (!set[index]) continue;
    auto& here = found[operation.node];
    if (operation.kind == Kind::appear) {
      here[operation.name] = operation.target;
    } else if (operation.kind == Kind::vanish) {
      here.erase(operation.name);
    } else if (operation.kind == Kind::move) {
      const auto old = here.find(operation.name);
      if (old != here.end() && old->second == operation.target) here.erase(old);
      found[operation.to][operation.new_name] = operation.target;
    }
  }
  return found;
}

// The set with what leads to where a rename has put something that it took from where it could be seen.
PowerLoss::Set PowerLoss::with_ways(Set set) const {
  const auto& operations = log_->operations();
  const auto is_reachable = [&](const Node* wanted) {
    const auto all = names(set);
    const std::function<bool(const Node*)> leads = [&](const Node* from) {
      if (from == wanted) return true;
      const auto here = all.find(from);
      return here != all.end() &&
             std::any_of(here->second.begin(), here->second.end(), [&](const auto& entry) {
               return entry.second->kind == Node::Kind::directory && leads(entry.second);
             });
    };
    return leads(&log_->top());
  };
  for (std::size_t index = 0; index < set.size(); ++index) {
    if (!set[index] || operations[index].kind != Kind::move) continue;
    const auto* wanted = static_cast<const Node*>(operations[index].to);
    while (is_reachable(operations[index].node) && !is_reachable(wanted)) {
      const auto maker = std::find_if(operations.begin(), operations.end(), [&](const Operation& each) {
        return each.kind == Kind::appear && each.target == wanted;
      });
      if (maker == operations.end()) break;
      set[static_cast<std::size_t>(maker - operations.begin())] = true;
      wanted = maker->node;
    }
  }
  return set;
}

std::map<const Node*, std::string> PowerLoss::contents(const Set& set) const {
  std::map<const Node*, std::string> found;
  for (std::size_t index = 0; index < set.size(); ++index) {
    const auto& operation = log_->operations()[index];
    if (!set[index] || (operation.kind != Kind::write && operation.kind != Kind::truncate)) continue;
    if (operation.node->is_volatile) continue;
    apply(operation, found.try_emplace(operation.node, operation.node->content).first->second);
  }
  return found;
}

// The files of a state as one text, to tell states apart.
std::string PowerLoss::image(const Set& set) const {
  const auto all = names(set);
  const auto changed = contents(set);
  std::string text;
  const std::function<void(const Node*)> add = [&](const Node* node) {
    if (node->is_volatile) return;
    const auto content = changed.find(node);
    const auto& holds = content == changed.end() ? node->content : content->second;
    text += std::to_string(holds.size()) + ":" + holds;
    const auto here = all.find(node);
    if (here == all.end()) return;
    for (const auto& [name, child] : here->second) {
      text += "/" + name + "(";
      add(child);
      text += ")";
    }
  };
  add(&log_->top());
  return text;
}

void PowerLoss::build(const State& state, const std::string& directory) const {
  const auto all = names(state.on_disk);
  const auto changed = contents(state.on_disk);
  std::map<const Node*, std::string> made;  // where a file was made first
  const std::function<void(const std::string&, const Node*)> below = [&](const std::string& path,
                                                                         const Node* node) {
    const auto here = all.find(node);
    if (here == all.end()) return;
    for (const auto& [name, child] : here->second) {
      const auto to = path + "/" + name;
      if (child->is_volatile) continue;
      const auto content = changed.find(child);
      std::error_code ignored;  // whoever is asked to judge finds what is missing
      if (const auto first = made.find(child); first != made.end() && child->kind == Node::Kind::file) {
        fs::create_hard_link(first->second, to, ignored);
        continue;
      }
      make(to, *child, content == changed.end() ? child->content : content->second);
      made.emplace(child, to);
      below(to, child);
    }
  };
  std::error_code ignored;  // whoever is asked to judge finds what is in the way
  for (const auto& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path(), ignored);
  below(directory, &log_->top());
}

}  // namespace pigeon::conformance
