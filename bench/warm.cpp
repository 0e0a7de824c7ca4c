// SPDX-License-Identifier: MIT
//
// How long look-ups take on connections that are open. In every round each contestant looks up the same user,
// who is drawn, in an order that is drawn anew.
//
//   bench-warm TRUSTED DOMAIN USERS ROUNDS SEED -- NAME KIND ARGUMENT... [-- NAME KIND ...]
//
// Users are named by the numbers below USERS, and have the home DOMAIN/USER. Kinds:
//   delivery CONFIGURATION     all look-ups of a delivery
//   user CONFIGURATION         that of the user alone
//   ldap, mysql                the client library, see client.hpp
//
// A line of the output is one measurement: NAME NANOSECONDS. A round that is not measured goes before.
#include "bench/client.hpp"
#include "bench/lookup.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <random>
#include <span>
#include <sstream>

namespace {

using namespace pigeon::bench;

struct Contestant {
  std::string name;
  Ask ask;
};

class Field {
 public:
  Field(std::string trusted, std::string domain) : trusted_(std::move(trusted)), domain_(std::move(domain)) {}

  // REQUIRES: words begin with a name and a kind.
  void add(const std::vector<std::string>& words) {
    contestants_.push_back({words[0], of_kind(words[1], {words.begin() + 2, words.end()})});
  }

  void run(unsigned users, unsigned rounds, unsigned seed) {
    std::mt19937_64 random(seed);
    std::ostringstream lines;  // written last: a write is a switch to somebody else
    for (unsigned round = 0; round <= rounds; ++round) {
      const auto user = std::to_string(std::uniform_int_distribution<unsigned>(0, users - 1)(random));
      std::shuffle(contestants_.begin(), contestants_.end(), random);
      for (const auto& each : contestants_) {
        const auto nanoseconds = time(each, user);
        if (round > 0) lines << each.name << ' ' << nanoseconds << '\n';
      }
    }
    std::cout << lines.str();
  }

 private:
  Ask of_kind(const std::string& kind, const std::vector<std::string>& arguments) {
#ifdef BENCH_LDAP
    if (kind == "ldap") return ldap_client(arguments);
#endif
#ifdef BENCH_MYSQL
    if (kind == "mysql") return mysql_client(arguments);
#endif
    if (arguments.size() != 1 || (kind != "delivery" && kind != "user")) die("there is no such " + kind);
    auto& lookup = lookups_[arguments[0]];
    if (!lookup) lookup = std::make_shared<Lookup>(arguments[0], trusted_);
    if (kind == "user") {
      return [this, lookup](const std::string& user) { return lookup->home(domain_, user); };
    }
    return [this, lookup](const std::string& user) { return lookup->delivery(domain_, user); };
  }

  long time(const Contestant& contestant, const std::string& user) const {
    const auto begin = std::chrono::steady_clock::now();
    const auto home = contestant.ask(user);
    const auto taken = std::chrono::steady_clock::now() - begin;
    if (home != domain_ + "/" + user) die(contestant.name + " says that " + user + " is at " + home);
    return std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
  }

  std::string trusted_;
  std::string domain_;
  std::map<std::string, std::shared_ptr<Lookup>> lookups_;
  std::vector<Contestant> contestants_;
};

unsigned number(const std::string& text) {
  return static_cast<unsigned>(std::stoul(text));
}

void run(std::span<char*> given) {
  if (given.size() < 6) die("usage: bench-warm TRUSTED DOMAIN USERS ROUNDS SEED -- NAME KIND ARGUMENT...");
  Field field(given[1], given[2]);
  for (std::size_t at = 6; at < given.size();) {
    std::vector<std::string> words;
    for (++at; at < given.size() && std::string(given[at]) != "--"; ++at) words.emplace_back(given[at]);
    if (words.size() < 2) die("a contestant has a name and a kind");
    field.add(words);
  }
  field.run(number(given[3]), number(given[4]), number(given[5]));
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run({arguments, static_cast<std::size_t>(count)});
  } catch (const std::exception& exception) {
    die(exception.what());
  }
  return EXIT_SUCCESS;
}
