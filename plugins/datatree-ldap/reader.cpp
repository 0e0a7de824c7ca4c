// SPDX-License-Identifier: MIT
#include "reader.hpp"

#include <pigeon/sdk/schema.hpp>
#include <pigeon/sdk/text.hpp>

namespace datatree_ldap {
namespace {

constexpr const char* kClass = "objectClass";
constexpr const char* kStructural = "structuralObjectClass";
constexpr const char* kCopied = "contextCSN";
constexpr const char* kHasBelow = "hasSubordinates";
// More than any level that is read as a whole should have.
constexpr int kMostBelow = 20'000;

Question existence(const std::string& dn) {
  return {.dn = dn, .types = {LDAP_NO_ATTRS}};
}

std::string text_of(const Dn& dn) {
  std::string text;
  for (const auto& [type, value] : dn) text += (text.empty() ? "" : ",") + type + "=" + dn_value(value);
  return text;
}

bool is_single(const Answer& answer) {
  return answer.code == LDAP_SUCCESS && answer.entries.size() == 1;
}

bool is_absent(const Answer& answer) {
  return answer.code == LDAP_NO_SUCH_OBJECT;
}

// What a path looks like to who asked: by the alias, where there is one.
TreePath seen(const Object& object) {
  return TreePath::parse(object.alias.empty() ? object.path : object.alias).value_or(TreePath());
}

}  // namespace

const pigeon::Values& Reader::types() {
  static const pigeon::Values types = {LDAP_ALL_USER_ATTRIBUTES, kStructural, "entryCSN", kHasBelow};
  return types;
}

Failure Reader::strange(const std::string& dn, const std::string& what) const {
  return connection_.unavailable("read " + pigeon::printable(dn) + ": " + what);
}

Question Reader::root_question() const {
  return {.dn = context_.options.base,
          .types = {kClass, context_.options.vocabulary.type_of("tree")},
          .resolves_aliases = false};
}

Result<Reader::Anchor> Reader::check_root(const Answer& answer) {
  const auto& base = context_.options.base;
  constexpr const char* kRemedy =
      "correct \"base\" of datatree-ldap, let it be read by this identity, or run "
      "`pigeonctl init`";
  if (!is_single(answer)) {
    if (answer.code != LDAP_SUCCESS && !is_absent(answer))
      return connection_.refused(answer, "read the root " + base);
    return strange(base, "there is no such root of a tree").with_remedy(kRemedy);
  }
  const auto& entry = answer.entries.front();
  const auto mark = entry.first(context_.options.vocabulary.type_of("tree"));
  if (mark.empty() || !entry.has_value(kClass, Vocabulary::class_type_of(pigeon::tree::kRoot))) {
    return strange(base, "it is not marked as the root of a tree of PigeonDeliver").with_remedy(kRemedy);
  }
  if (!context_.mark.empty() && context_.mark != mark) {
    return strange(base, "it is the root of another tree than the one that was read before")
        .with_remedy("name only servers in \"uris\" and \"providers\" that hold the same tree");
  }
  context_.mark = mark;
  auto dn = parse_dn(entry.dn);
  if (!dn) return strange(entry.dn, "this is no DN");
  return Anchor{*std::move(dn), {}};
}

Result<Object> Reader::object_of(const Entry& entry, const TreePath& path) const {
  Object object{.path = path.text()};
  const bool is_root = entry.has_value(kClass, Vocabulary::class_type_of(pigeon::tree::kRoot));
  const auto structural = Vocabulary::class_of(entry.first(kStructural));
  if (is_root) object.objectclass = pigeon::tree::kRoot;
  if (!is_root && structural) object.objectclass = *structural;
  const auto whole = is_root ? Vocabulary::class_type_of(pigeon::tree::kRoot) : entry.first(kStructural);
  // Without its classes, an object that has a mailbox would look like one that has none.
  if (object.objectclass.empty() || !entry.has_value(kClass, whole)) {
    return strange(entry.dn, "it is no object of a tree, or its class may not be read")
        .with_remedy("let this identity read all of the object, or remove what is not of PigeonDeliver");
  }
  for (const auto& [type, values] : entry.attributes) {
    if (pigeon::same_name(type, kClass)) {
      for (const auto& value : values) {
        const auto name = Vocabulary::class_of(value);
        if (name && !pigeon::same_name(*name, object.objectclass)) object.auxiliary.push_back(*name);
      }
    } else if (const auto name = context_.options.vocabulary.attribute_of(type)) {
      // A name with options, such as a language's, is another attribute.
      if (!values.empty()) object.attributes.set(*name, values);
    }
  }
  return object;
}

void Reader::add_questions(const Wanted& wanted, std::vector<Question>& to) {
  to.push_back({.dn = wanted.dn, .types = types()});
  if (wanted.depth == 0) return;
  const bool is_level = wanted.depth == 1;
  to.push_back({.dn = wanted.dn,
                .scope = is_level ? Scope::one : Scope::subtree,
                .types = types(),
                .most = is_level ? 0 : kMostBelow,
                .filter = kAnyOfOurs});
}

bool Reader::must_be_filled() const {
  return !connection_.is_filled() && context_.options.is_copy(connection_.uri());
}

// A copy that is being filled has a part of everything. When it has got all, it notes up to which change.
void Reader::add_filled_questions(std::vector<Question>& to) const {
  auto dn = parse_dn(context_.options.base).value_or(Dn());
  for (; must_be_filled() && !dn.empty(); dn.erase(dn.begin())) {
    to.push_back({.dn = text_of(dn), .types = {kCopied}, .resolves_aliases = false});
  }
}

Done Reader::check_filled(std::span<const Answer> answers) {
  if (!must_be_filled()) return {};
  for (const auto& answer : answers) {
    if (is_single(answer) && !answer.entries.front().first(kCopied).empty()) connection_.note_filled();
  }
  if (connection_.is_filled()) return {};
  return connection_.unavailable("this copy does not say that it has all that its provider has (contextCSN)")
      .with_remedy("wait until it is filled, and let this identity read contextCSN of the suffix");
}

// What is there needs no witness where the root was read before: what is not there does, and those are asked
// together with it once more.
Result<std::optional<Found>> Reader::find(const TreePath& path, unsigned depth) {
  const Wanted wanted = {dn_of(path, context_.options.base), path, depth};
  if (connection_.root() && !must_be_filled() && !path.is_root()) {
    std::vector<Question> questions;
    add_questions(wanted, questions);
    auto answers = PIGEON_TRY(connection_.ask(questions, deadline_));
    auto found = PIGEON_TRY(found_in(answers, wanted, {*connection_.root(), {}}));
    if (found) return found;
  }
  return find_with_witnesses(wanted);
}

Result<std::optional<Found>> Reader::find_with_witnesses(const Wanted& wanted) {
  const auto& path = wanted.as;
  std::vector<Question> questions = {root_question()};
  const bool has_parent = path.depth() > 1;
  if (has_parent) questions.push_back(existence(dn_of(path.parent(), context_.options.base)));
  const auto first = questions.size();
  add_questions(wanted, questions);
  const auto last = questions.size();
  add_filled_questions(questions);
  auto answers = PIGEON_TRY(connection_.ask(questions, deadline_));
  const auto anchor = PIGEON_TRY(check_root(answers.front()));
  PIGEON_TRY(check_filled(std::span(answers).subspan(last)));
  connection_.note_root(anchor.base);
  auto found = PIGEON_TRY(found_in(std::span(answers).subspan(first), wanted, anchor));
  if (found || path.is_root()) return found;
  // By another spelling, or from where a referral led to, which has been looked at there.
  if (!is_absent(answers[first])) return found;
  if (has_parent && is_absent(answers[1])) return strange(wanted.dn, "its parent is not there either");
  const auto& parent = answers[has_parent ? 1 : 0];
  if (!is_single(parent)) {
    return connection_.refused(parent, "read the parent of " + pigeon::printable(wanted.dn));
  }
  PIGEON_TRY(check_absence(answers[first], parent, wanted.dn));
  return found;
}

// A server that has looked says how far it came. One that hides an entry does not: so what may not be seen is
// not taken for what is not there.
Done Reader::check_absence(const Answer& answer, const Answer& parent, const std::string& dn) const {
  const auto matched = parse_dn(answer.matched);
  const auto above = parse_dn(parent.entries.front().dn);
  if (matched && above && path_of(*matched, *above) == TreePath()) return {};
  return strange(dn, "the server does not find it, and does not say that it has looked below its parent")
      .with_remedy("let this identity read everything below the base: the entry may be hidden from it");
}

Result<std::optional<Found>> Reader::found_in(std::span<Answer> answers, const Wanted& wanted,
                                              const Anchor& anchor) {
  auto& answer = answers.front();
  if (is_absent(answer)) return std::nullopt;
  if (answer.code == LDAP_REFERRAL) {
    auto found = PIGEON_TRY(find_referred(answer.referral, wanted));
    const auto matched = parse_dn(answer.matched);
    // The object itself is said to be there.
    if (!found && matched && path_of(*matched, anchor.base, anchor.at) == wanted.as) {
      return strange(wanted.dn, "a referral leads to it, and it is not there");
    }
    return found;
  }
  if (answer.code != LDAP_SUCCESS) return connection_.refused(answer, "read " + pigeon::printable(wanted.dn));
  if (answer.entries.size() != 1) return strange(wanted.dn, "the server found it, and gave nothing of it");
  Found found{.objects = {}, .entry = std::move(answer.entries.front())};
  const auto parsed_path = [&]() -> std::optional<TreePath> {
    const auto dn = parse_dn(found.entry.dn);
    return dn ? path_of(*dn, anchor.base, anchor.at) : std::nullopt;
  };
  // To the octet as it was asked for: no need to take the DN apart.
  const auto path = found.entry.dn == wanted.dn ? wanted.as : parsed_path();
  if (!path) {
    return strange(found.entry.dn, "it is outside of the tree")
        .with_remedy(
            "let aliases lead into the tree, and spell \"base\" of datatree-ldap as the server does");
  }
  const bool is_alias = *path != wanted.as;
  // By another spelling of its name: it is somebody else's.
  if (is_alias && !PIGEON_TRY(is_alias_of(wanted, anchor))) return std::nullopt;
  found.objects.push_back(PIGEON_TRY(object_of(found.entry, *path)));
  if (is_alias) found.objects.front().alias = wanted.as.text();
  if (wanted.depth == 0) return found;
  const auto& below = answers[1];
  if (below.code == LDAP_SUCCESS && found.entry.has_value(kHasBelow, "TRUE") && below.references.empty() &&
      below.entries.size() <= (wanted.depth > 1 ? 1U : 0U)) {
    return strange(found.entry.dn, "there is something below it, and the server gives nothing of that")
        .with_remedy("let this identity read everything below the base");
  }
  PIGEON_TRY(add_below(below, {found.entry.dn, *path, wanted.depth}, anchor, found.objects));
  // Parents first; within a level in the order of the names, whatever the server's is.
  std::sort(found.objects.begin() + 1, found.objects.end(), [](const auto& a, const auto& b) {
    const auto one = seen(a);
    const auto other = seen(b);
    return one.depth() != other.depth() ? one.depth() < other.depth() : one.text() < other.text();
  });
  return found;
}

Result<bool> Reader::is_alias_of(const Wanted& wanted, const Anchor& anchor) {
  const std::vector<Question> questions = {{.dn = wanted.dn, .types = {kClass}, .resolves_aliases = false}};
  const auto answer = PIGEON_TRY(connection_.ask(questions, deadline_)).front();
  if (!is_single(answer))
    return connection_.refused(answer, "read the alias " + pigeon::printable(wanted.dn));
  const auto dn = parse_dn(answer.entries.front().dn);
  return dn && path_of(*dn, anchor.base, anchor.at) == wanted.as && is_alias(answer.entries.front());
}

Result<std::optional<Found>> Reader::find_here(const Wanted& wanted) {
  std::vector<Question> questions;
  add_questions(wanted, questions);
  const auto dn = parse_dn(wanted.dn);
  if (!dn || dn->empty()) return strange(wanted.dn, "this is no DN");
  // The parent, for what is not there: by its own DN, which is what is left of this one.
  const auto parent = text_of(Dn(dn->begin() + 1, dn->end()));
  questions.push_back(existence(parent));
  auto answers = PIGEON_TRY(connection_.ask(questions, deadline_));
  auto found = PIGEON_TRY(found_in(answers, wanted, {*dn, wanted.as}));
  if (found || !is_absent(answers.front())) return found;
  if (!is_single(answers.back())) {
    return strange(wanted.dn, "a referral leads to it, and neither it nor its parent is there");
  }
  PIGEON_TRY(check_absence(answers.front(), answers.back(), wanted.dn));
  return found;
}

Result<std::optional<Found>> Reader::find_referred(const pigeon::Values& uris, const Wanted& wanted) {
  using Answered = std::optional<Found>;
  return context_.referrals.follow<Answered>(
      uris, wanted.dn, hops_, deadline_,
      [&](Connection& connection, const std::string& dn, Deadline until) -> Result<Answered> {
        Reader there(connection, context_, until);
        there.hops_ = hops_ + 1;
        return there.find_here({dn, wanted.as, wanted.depth});
      });
}

}  // namespace datatree_ldap
