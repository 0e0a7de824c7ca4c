// SPDX-License-Identifier: MIT
#include "host/verdict.hpp"

#include <pigeon/sdk/text.hpp>

#include <sysexits.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace pigeon::host {
namespace {

// What leaves the process, what the sender reads, and what the administrator can do where nobody knew better.
// Everything that is not in this table is its last row:
// Exim bounces on 71, Postfix on 73, 74 and 78, and all of them on what they do not know; only 75 waits
// everywhere.
struct Row {
  pigeon_status status = PIGEON_OK;
  int exit = EX_OK;
  Dsn dsn = {};
  const char* reason = "";
  const char* remedy = "";
};
constexpr const char* kCheck = "look for it with `pigeonctl check`";
constexpr std::array kRows = {
    Row{PIGEON_OK, EX_OK, {2, 0, 0}, ""},
    Row{PIGEON_UNKNOWN_RECIPIENT, EX_NOUSER, {5, 1, 1}, "unknown recipient"},
    Row{PIGEON_REFUSED, EX_NOPERM, {5, 7, 1}, "the recipient's site refuses this message"},
    Row{PIGEON_MESSAGE_REFUSED, EX_DATAERR, {5, 6, 0}, "this message is not accepted"},
    Row{PIGEON_NO_SPACE,
        EX_TEMPFAIL,
        {4, 3, 1},
        "no space left for this message; it will be tried again",
        "free space"},
    Row{PIGEON_MISCONFIGURED, EX_TEMPFAIL, {4, 3, 5}, "mail system trouble; it will be tried again", kCheck},
    Row{PIGEON_BUG,
        EX_TEMPFAIL,
        {4, 3, 0},
        "mail system trouble; it will be tried again",
        "remove or update the plugin, or report this to whoever made it"},
    Row{PIGEON_TEMPORARY, EX_TEMPFAIL, {4, 3, 0}, "mail system trouble; it will be tried again", kCheck},
};

const Row& row_of(pigeon_status status) {
  for (const auto& row : kRows) {
    if (row.status == status) return row;
  }
  return kRows.back();
}

// RFC 3463, section 2.
constexpr unsigned short kTemporaryClass = 4;
constexpr unsigned short kPermanentClass = 5;

constexpr std::string_view kMagic = "PGNV";
constexpr std::size_t kLargest = 1U << 20U;
constexpr std::size_t kHead = kMagic.size() + sizeof(std::uint32_t);

void put_number(std::string& to, std::uint32_t value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}
void put_text(std::string& to, std::string_view text) {
  put_number(to, static_cast<std::uint32_t>(text.size()));
  to += text;
}

// Whether the class of the code says what the exit status says. What was delivered needs no code.
bool agrees_with_itself(const Verdict& verdict) {
  return verdict.is_delivered() ||
         verdict.dsn.of_class == (exit_status(verdict) == EX_TEMPFAIL ? kTemporaryClass : kPermanentClass);
}

// Takes numbers and texts from the front; once something is missing, everything is.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint32_t number() {
    std::uint32_t value = 0;
    const auto bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) failed_ = true;
    if (failed_) return {};
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace

Verdict Verdict::of(const Failure& failure) {
  const Row& row = row_of(failure.status);
  Verdict verdict{.status = failure.status == PIGEON_OK ? PIGEON_BUG : failure.status,
                  .dsn = failure.dsn,
                  .reason = printable(failure.reason),
                  .detail = failure.detail,
                  .remedy = failure.remedy,
                  .facts = {}};
  // A code whose class contradicts the exit status would be believed by Postfix, which lets it override the
  // status.
  if (!agrees_with_itself(verdict)) verdict.dsn = row.exit == EX_OK ? kRows.back().dsn : row.dsn;
  if (verdict.reason.empty()) verdict.reason = row.exit == EX_OK ? kRows.back().reason : row.reason;
  if (verdict.remedy.empty()) verdict.remedy = row.exit == EX_OK ? kRows.back().remedy : row.remedy;
  if (failure.may_have_happened) verdict.facts.emplace_back("may-have-happened", "yes");
  return verdict;
}

int exit_status(const Verdict& verdict) {
  return row_of(verdict.status).exit;
}

std::string line_for_sender(const Verdict& verdict) {
  const auto& dsn = verdict.dsn;
  return std::to_string(dsn.of_class) + "." + std::to_string(dsn.subject) + "." + std::to_string(dsn.detail) +
         " " + printable(verdict.reason);
}

std::string_view outcome_of(const Verdict& verdict) {
  if (verdict.is_delivered()) return "delivered";
  return exit_status(verdict) == EX_TEMPFAIL ? "deferred" : "refused";
}

std::string encode(const Verdict& verdict) {
  std::string body;
  put_number(body, verdict.status);
  for (const auto part : {verdict.dsn.of_class, verdict.dsn.subject, verdict.dsn.detail})
    put_number(body, part);
  for (const auto* text : {&verdict.reason, &verdict.detail, &verdict.remedy}) put_text(body, *text);
  put_number(body, static_cast<std::uint32_t>(verdict.facts.size()));
  for (const auto& [name, value] : verdict.facts) {
    put_text(body, name);
    put_text(body, value);
  }
  std::string bytes(kMagic);
  put_text(bytes, body);
  return bytes;
}

std::optional<std::size_t> encoded_size(std::string_view bytes) {
  if (bytes.size() < kHead) return std::nullopt;
  std::uint32_t size = 0;
  std::memcpy(&size, bytes.data() + kMagic.size(), sizeof size);
  return kHead + size;
}

std::optional<Verdict> decode(std::string_view bytes) {
  const auto size = encoded_size(bytes);
  if (!starts_with(bytes, kMagic) || !size || *size != bytes.size() || *size > kLargest) return std::nullopt;
  Reader reader(bytes.substr(kHead));
  Verdict verdict;
  verdict.status = reader.number();
  for (auto* part : {&verdict.dsn.of_class, &verdict.dsn.subject, &verdict.dsn.detail}) {
    const auto number = reader.number();
    if (number > UINT16_MAX) return std::nullopt;
    *part = static_cast<unsigned short>(number);
  }
  for (auto* text : {&verdict.reason, &verdict.detail, &verdict.remedy}) *text = reader.text();
  const auto facts = reader.number();
  for (std::uint32_t i = 0; i < facts && !reader.failed(); ++i) {
    auto name = reader.text();
    verdict.facts.emplace_back(std::move(name), reader.text());
  }
  if (reader.failed() || !reader.at_end() || !agrees_with_itself(verdict)) return std::nullopt;
  return verdict;
}

}  // namespace pigeon::host
