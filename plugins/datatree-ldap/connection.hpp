// SPDX-License-Identifier: MIT
//
// A connection to one server, bound. Everything is asked without waiting for what was asked before, and every
// wait ends by a deadline.
#pragma once

#include "dn.hpp"
#include "options.hpp"
#include "pipe_signal.hpp"

#include <pigeon/sdk/result.hpp>
#include <pigeon/sdk/time.hpp>

#include <ldap.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace datatree_ldap {

using pigeon::Deadline;

struct Entry {
  std::string dn;
  std::map<std::string, pigeon::Values, pigeon::NameLess> attributes;

  [[nodiscard]] bool has_value(std::string_view type, std::string_view value) const;  // without ASCII case
  [[nodiscard]] std::string first(std::string_view type) const;
};

enum class Scope { base, one, subtree };

struct Question {
  std::string dn;
  Scope scope = Scope::base;
  std::vector<std::string> types = {};  // none: all that users may set
  bool resolves_aliases = true;         // of `dn` alone, never of what is found
  int most = 0;                         // entries; 0: as many as there are
  int page = 0;                         // entries in a page (RFC 2696); 0: no pages
  std::string cookie = {};              // of the page before
  std::string filter = "(objectClass=*)";
};

struct Answer {
  int code = LDAP_OTHER;
  std::string matched;  // with noSuchObject: the last DN on the way that is there
  std::string text;     // what the server said of it
  std::vector<Entry> entries;
  std::vector<pigeon::Values> references;  // where more is to be had, each by one of several URIs
  pigeon::Values referral;                 // where this is to be asked instead
  std::string cookie;                      // of the page after this one; empty for the last
};

struct Modification {
  int kind;  // LDAP_MOD_ADD, LDAP_MOD_DELETE, LDAP_MOD_REPLACE
  std::string type;
  pigeon::Values values = {};
};

struct Alteration {
  enum class Kind { add, modify, remove };
  Kind kind;
  std::string dn;
  std::vector<Modification> modifications = {};
  std::string assertion = {};  // a filter that the entry must match (RFC 4528); empty for none
};

class Connection {
 public:
  // Connects, makes it TLS where that is wanted, and binds.
  static Result<Connection> open(const Server& server, const Tls& tls, Deadline deadline);

  // All of them, many at a time. A failure means that the connection is lost, or the deadline has passed:
  // then it is of no more use. What the server says is an answer.
  Result<std::vector<Answer>> ask(const std::vector<Question>& questions, Deadline deadline);
  Result<Answer> alter(const Alteration& alteration, Deadline deadline);

  [[nodiscard]] const std::string& uri() const { return uri_; }
  // False once something was asked and not answered: then nothing more can be.
  [[nodiscard]] bool is_usable() const { return is_usable_; }
  // Of a copy: it has said that it was filled once.
  [[nodiscard]] bool is_filled() const { return is_filled_; }
  void note_filled() { is_filled_ = true; }
  // The marked root, as this server spells it, once it was read here.
  [[nodiscard]] const std::optional<Dn>& root() const { return root_; }
  void note_root(const Dn& root) { root_ = root; }
  // A failure of what was tried here.
  [[nodiscard]] Failure unavailable(const std::string& what) const;
  // The meaning of a code that is neither success nor one of those that the caller knows what to do with.
  [[nodiscard]] Failure refused(const Answer& answer, const std::string& tried) const;

 private:
  struct Unbind {
    void operator()(LDAP* ld) const {
      const WithoutPipeSignal guard;
      ldap_unbind_ext(ld, nullptr, nullptr);
    }
  };
  struct FreeMessage {
    void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
  };
  using Message = std::unique_ptr<LDAPMessage, FreeMessage>;

  explicit Connection(std::string uri) : uri_(std::move(uri)) {}
  Done connect(const Tls& tls, bool is_encrypted, Deadline deadline);
  Done start_tls(Deadline deadline);
  Done bind(const Credentials& credentials, Deadline deadline);
  Result<int> send(const Question& question);
  Result<Message> next(Deadline deadline);
  Result<Answer> wait(int id, Deadline deadline);
  Done take_entry(LDAPMessage* message, Answer& answer);
  void take_reference(LDAPMessage* message, Answer& answer);
  Done take_result(LDAPMessage* message, Answer& answer);
  void let_wait(bool waits);
  [[nodiscard]] Failure without_tls(int code) const;
  [[nodiscard]] Failure broken(const std::string& tried, int code) const;

  Result<std::vector<Answer>> ask_all(const std::vector<Question>& questions, Deadline deadline);
  Result<Answer> alter_one(const Alteration& alteration, Deadline deadline);

  std::string uri_;
  std::unique_ptr<LDAP, Unbind> ld_;
  bool is_usable_ = true;
  bool is_filled_ = false;
  std::optional<Dn> root_;
};

}  // namespace datatree_ldap
