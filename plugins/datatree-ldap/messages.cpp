// SPDX-License-Identifier: MIT
//
// What is sent on a connection, and what comes back.
#include "connection.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace datatree_ldap {
namespace {

struct FreeControl {
  void operator()(LDAPControl* control) const { ldap_control_free(control); }
};
using Control = std::unique_ptr<LDAPControl, FreeControl>;

// Questions that wait for their answers. slapd drops a connection with more than 100 of them
// (conn_max_pending), and what a local socket takes before somebody reads from it is not much more.
constexpr std::size_t kInFlight = 32;

// What points into a message, which stays.
struct FreeBer {
  void operator()(BerElement* ber) const { ber_free(ber, 0); }
};
struct FreeValues {
  void operator()(berval* values) const { ber_memfree(values); }
};

std::string copy_of(const berval& value) {
  return value.bv_len == 0 ? std::string() : std::string(value.bv_val, value.bv_len);
}

Control made(const char* oid, berval& value) {
  LDAPControl* control = nullptr;
  // The control takes the value over.
  if (ldap_control_create(oid, 1, &value, 0, &control) != LDAP_SUCCESS) ldap_memfree(value.bv_val);
  return Control(control);
}

Control page_of(LDAP* ld, int size, const std::string& cookie) {
  std::string own(cookie);
  berval lent = {own.size(), own.data()};
  berval value = {0, nullptr};
  if (ldap_create_page_control_value(ld, size, &lent, &value) != LDAP_SUCCESS) return nullptr;
  return made(LDAP_CONTROL_PAGEDRESULTS, value);
}

Control assertion_of(LDAP* ld, const std::string& filter) {
  std::string own(filter);
  berval value = {0, nullptr};
  if (ldap_create_assertion_control_value(ld, own.data(), &value) != LDAP_SUCCESS) return nullptr;
  return made(LDAP_CONTROL_ASSERT, value);
}

// Arrays that end with a null pointer, as libldap takes them. The texts stay the caller's.
class Texts {
 public:
  explicit Texts(std::vector<std::string>& texts) {
    for (auto& text : texts) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] char** data() { return pointers_.size() == 1 ? nullptr : pointers_.data(); }

 private:
  std::vector<char*> pointers_;
};

class Modifications {
 public:
  explicit Modifications(std::vector<Modification> all) : owned_(std::move(all)) {
    values_.resize(owned_.size());
    pointers_.resize(owned_.size());
    for (std::size_t i = 0; i < owned_.size(); ++i) {
      auto& each = owned_[i];
      for (auto& value : each.values) values_[i].push_back({value.size(), value.data()});
      for (auto& value : values_[i]) pointers_[i].push_back(&value);
      pointers_[i].push_back(nullptr);
      LDAPMod mod = {};
      mod.mod_op = each.kind | LDAP_MOD_BVALUES;
      mod.mod_type = each.type.data();
      mod.mod_bvalues = each.values.empty() ? nullptr : pointers_[i].data();
      mods_.push_back(mod);
    }
    for (auto& mod : mods_) all_.push_back(&mod);
    all_.push_back(nullptr);
  }
  [[nodiscard]] LDAPMod** data() { return all_.data(); }

 private:
  std::vector<Modification> owned_;
  std::vector<std::vector<berval>> values_;
  std::vector<std::vector<berval*>> pointers_;
  std::vector<LDAPMod> mods_;
  std::vector<LDAPMod*> all_;
};

int scope_of(Scope scope) {
  if (scope == Scope::base) return LDAP_SCOPE_BASE;
  return scope == Scope::one ? LDAP_SCOPE_ONELEVEL : LDAP_SCOPE_SUBTREE;
}

}  // namespace

bool Entry::has_value(std::string_view type, std::string_view value) const {
  const auto found = attributes.find(type);
  return found != attributes.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const auto& each) { return pigeon::same_name(each, value); });
}

std::string Entry::first(std::string_view type) const {
  const auto found = attributes.find(type);
  return found == attributes.end() || found->second.empty() ? std::string() : found->second.front();
}

Result<int> Connection::send(const Question& question) {
  auto* ld = ld_.get();
  auto types = question.types;
  Texts lent(types);
  const auto page = question.page > 0 ? page_of(ld, question.page, question.cookie) : nullptr;
  if (question.page > 0 && !page) return unavailable("ask for a page: out of memory");
  std::array<LDAPControl*, 2> controls = {page.get(), nullptr};
  // Per handle, but read as each request is sent.
  const int aliases = question.resolves_aliases ? LDAP_DEREF_FINDING : LDAP_DEREF_NEVER;
  ldap_set_option(ld, LDAP_OPT_DEREF, &aliases);
  int id = 0;
  const int code =
      ldap_search_ext(ld, question.dn.c_str(), scope_of(question.scope), question.filter.c_str(), lent.data(),
                      0, page ? controls.data() : nullptr, nullptr, nullptr, question.most, &id);
  if (code != LDAP_SUCCESS) return broken("ask for " + pigeon::printable(question.dn), code);
  return id;
}

Result<std::vector<Answer>> Connection::ask(const std::vector<Question>& questions, Deadline deadline) {
  const WithoutPipeSignal guard;
  auto answers = ask_all(questions, deadline);
  is_usable_ = is_usable_ && static_cast<bool>(answers);
  return answers;
}

Result<std::vector<Answer>> Connection::ask_all(const std::vector<Question>& questions, Deadline deadline) {
  if (deadline.passed()) return broken("ask", LDAP_TIMEOUT);
  std::map<int, std::size_t> waiting;
  std::vector<Answer> answers(questions.size());
  for (std::size_t sent = 0; sent < questions.size() || !waiting.empty();) {
    for (; sent < questions.size() && waiting.size() < kInFlight; ++sent) {
      waiting[PIGEON_TRY(send(questions[sent]))] = sent;
    }
    const auto message = PIGEON_TRY(next(deadline));
    const auto found = waiting.find(ldap_msgid(message.get()));
    if (found == waiting.end()) continue;
    auto& answer = answers[found->second];
    switch (ldap_msgtype(message.get())) {
      case LDAP_RES_SEARCH_ENTRY:
        PIGEON_TRY(take_entry(message.get(), answer));
        break;
      case LDAP_RES_SEARCH_REFERENCE:
        take_reference(message.get(), answer);
        break;
      case LDAP_RES_SEARCH_RESULT:
        PIGEON_TRY(take_result(message.get(), answer));
        waiting.erase(found);
        break;
      default:
        break;
    }
  }
  return answers;
}

// In one pass, from where libldap keeps the message. A part that cannot be decoded is no entry at all:
// without it, an object would look as if it had less.
Done Connection::take_entry(LDAPMessage* message, Answer& answer) {
  auto* ld = ld_.get();
  Entry entry;
  BerElement* raw = nullptr;
  berval dn = {0, nullptr};
  int code = ldap_get_dn_ber(ld, message, &raw, &dn);
  const std::unique_ptr<BerElement, FreeBer> ber(raw);
  if (code == LDAP_SUCCESS) entry.dn = copy_of(dn);
  while (code == LDAP_SUCCESS) {
    berval type = {0, nullptr};
    BerVarray came = nullptr;
    code = ldap_get_attribute_ber(ld, message, ber.get(), &type, &came);
    const std::unique_ptr<berval, FreeValues> values(came);
    if (type.bv_val == nullptr) break;
    auto& to = entry.attributes[copy_of(type)];
    for (const auto* value = came; value != nullptr && value->bv_val != nullptr; ++value)
      to.push_back(copy_of(*value));
  }
  if (code != LDAP_SUCCESS) return broken("read an entry", code);
  answer.entries.push_back(std::move(entry));
  return {};
}

void Connection::take_reference(LDAPMessage* message, Answer& answer) {
  char** uris = nullptr;
  pigeon::Values values;
  if (ldap_parse_reference(ld_.get(), message, &uris, nullptr, 0) == LDAP_SUCCESS && uris != nullptr) {
    for (auto** uri = uris; *uri != nullptr; ++uri) values.emplace_back(*uri);
  }
  ber_memvfree(reinterpret_cast<void**>(uris));
  answer.references.push_back(std::move(values));
}

Done Connection::take_result(LDAPMessage* message, Answer& answer) {
  char* matched = nullptr;
  char* text = nullptr;
  char** referral = nullptr;
  LDAPControl** controls = nullptr;
  const int code =
      ldap_parse_result(ld_.get(), message, &answer.code, &matched, &text, &referral, &controls, 0);
  if (code == LDAP_SUCCESS) {
    answer.matched = matched == nullptr ? "" : matched;
    answer.text = text == nullptr ? "" : text;
    for (auto** uri = referral; uri != nullptr && *uri != nullptr; ++uri) answer.referral.emplace_back(*uri);
    ber_int_t estimate = 0;
    berval cookie = {0, nullptr};
    auto* page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nullptr);
    if (page != nullptr &&
        ldap_parse_pageresponse_control(ld_.get(), page, &estimate, &cookie) == LDAP_SUCCESS) {
      answer.cookie = copy_of(cookie);
      ber_memfree(cookie.bv_val);
    }
  }
  ldap_memfree(matched);
  ldap_memfree(text);
  ber_memvfree(reinterpret_cast<void**>(referral));
  ldap_controls_free(controls);
  return code == LDAP_SUCCESS ? Done() : Done(broken("read an answer", code));
}

Result<Answer> Connection::alter(const Alteration& alteration, Deadline deadline) {
  const WithoutPipeSignal guard;
  auto answer = alter_one(alteration, deadline);
  is_usable_ = is_usable_ && static_cast<bool>(answer);
  return answer;
}

Result<Answer> Connection::alter_one(const Alteration& alteration, Deadline deadline) {
  if (deadline.passed()) return broken("write " + pigeon::printable(alteration.dn), LDAP_TIMEOUT);
  auto* ld = ld_.get();
  Modifications lent(alteration.modifications);
  const auto assertion = alteration.assertion.empty() ? nullptr : assertion_of(ld, alteration.assertion);
  if (!alteration.assertion.empty() && !assertion)
    return unavailable("write: the condition cannot be spelled");
  std::array<LDAPControl*, 2> controls = {assertion.get(), nullptr};
  auto** given = assertion ? controls.data() : nullptr;
  int id = 0;
  int code = LDAP_SUCCESS;
  switch (alteration.kind) {
    case Alteration::Kind::add:
      code = ldap_add_ext(ld, alteration.dn.c_str(), lent.data(), given, nullptr, &id);
      break;
    case Alteration::Kind::modify:
      code = ldap_modify_ext(ld, alteration.dn.c_str(), lent.data(), given, nullptr, &id);
      break;
    case Alteration::Kind::remove:
      code = ldap_delete_ext(ld, alteration.dn.c_str(), given, nullptr, &id);
      break;
  }
  if (code != LDAP_SUCCESS) {
    auto met = broken("write " + pigeon::printable(alteration.dn), code);
    met.may_have_happened = true;
    return met;
  }
  auto answer = wait(id, deadline);
  // Sent, and not answered.
  if (!answer) answer.failure().may_have_happened = true;
  return answer;
}

}  // namespace datatree_ldap
