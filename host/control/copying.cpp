// SPDX-License-Identifier: MIT
#include "host/control/copying.hpp"

#include "host/delivery_id.hpp"
#include "host/message.hpp"
#include "host/supervisor.hpp"

#include <pigeon/sdk/plugin.hpp>
#include <pigeon/sdk/text.hpp>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string_view>
#include <tuple>

namespace pigeon::control {
namespace {

// So many, or so much, is made durable together.
constexpr std::size_t kMostParcels = 32;
constexpr std::uint64_t kMostBytes = 8U << 20U;

constexpr const char* kMain = "INBOX";

std::string folder_shown(const std::string& folder) {
  return folder.empty() ? kMain : printable(folder);
}

// One delivery as C sees it, with all that it points to.
class LentDelivery {
 public:
  LentDelivery(const Allocation& allocation, const LentAllocation& lent, const LentAttributes& preferences,
               const Entry& entry, const std::string& id, std::string_view text)
      : folder_(same_name(entry.folder, kMain) ? "" : entry.folder),
        sender_(host::parse_message(text).return_path.value_or("")),
        address_(allocation.principal.address()) {
    const auto& principal = allocation.principal;
    envelope_.size = sizeof envelope_;
    envelope_.sender = borrow(sender_);
    envelope_.recipient = borrow(address_);
    envelope_.local_part = borrow(principal.user);
    envelope_.user = borrow(principal.user);
    envelope_.domain = borrow(principal.domain);
    message_ = {sizeof message_, PIGEON_MESSAGE_MAPPED, nullptr, 0, borrow(text)};
    receipt_.size = sizeof receipt_;
    receipt_.status = PIGEON_BUG;
    receipt_.error = &error_;
    delivery_ = {sizeof delivery_,   PIGEON_DELIVERY_ID_IS_UNIQUE | PIGEON_DELIVERY_IS_MOVED,
                 later().value(),    borrow(id),
                 &lent.get(),        preferences.data(),
                 preferences.size(), borrow(folder_),
                 &envelope_,         &message_,
                 &receipt_,          entry.received,
                 entry.marks,        0};
  }
  LentDelivery(const LentDelivery&) = delete;
  LentDelivery& operator=(const LentDelivery&) = delete;
  LentDelivery(LentDelivery&&) = delete;
  LentDelivery& operator=(LentDelivery&&) = delete;
  ~LentDelivery() = default;

  [[nodiscard]] const pigeon_delivery* get() const { return &delivery_; }
  [[nodiscard]] bool has(std::uint32_t flag) const { return (receipt_.flags & flag) != 0; }
  [[nodiscard]] Done outcome() const {
    return receipt_.status == PIGEON_OK ? Done() : Done(copy(error_, receipt_.status));
  }

 private:
  std::string folder_;
  std::string sender_;
  std::string address_;
  pigeon_envelope envelope_ = {};
  pigeon_message message_ = {};
  pigeon_error error_ = blank_error();
  pigeon_receipt receipt_ = {};
  pigeon_delivery delivery_ = {};
};

bool is_delivery_id(const std::string& id) {
  constexpr std::size_t kLongest = 64;
  return !id.empty() && id.size() <= kLongest && std::all_of(id.begin(), id.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c));
  });
}

// How many '>' a line begins with, if "From " comes after them; else 0.
std::size_t quotes_in(std::string_view line) {
  const auto count = line.find_first_not_of('>');
  return count != std::string_view::npos && starts_with(line.substr(count), "From ") ? count : 0;
}

// Without what a line "From " may be quoted with: not every format can tell that from a line that came so.
std::string without_quotes(std::string_view text) {
  std::string bare;
  for (auto rest = text; !rest.empty();) {
    rest.remove_prefix(quotes_in(rest));
    const auto end = rest.find("\n>");
    const auto line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
    bare += line;
    rest.remove_prefix(line.size());
  }
  return bare;
}

// Of the text, whichever format has given it.
std::string digest_of(std::string_view text) {
  const bool may_be_quoted = quotes_in(text) != 0 || text.find("\n>") != std::string_view::npos;
  const auto bare = may_be_quoted ? without_quotes(text) : std::string();
  host::ParsedMessage whole;
  whole.body = may_be_quoted ? std::string_view(bare) : text;
  return host::delivery_id({.queue_id = "", .principal = "", .folder = "", .sender = ""}, whole, true);
}

// Folder by folder; and within one, readers number the messages in the order in which they came.
void sort_by_arrival(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.folder, a.received) < std::tie(b.folder, b.received);
  });
}

}  // namespace

void Copied::add(const Copied& more) {
  messages += more.messages;
  bytes += more.bytes;
  were_there += more.were_there;
  without_folder += more.without_folder;
  removed += more.removed;
}

void say_without_folder(const Output& out, const Copied& copied) {
  if (copied.without_folder == 0) return;
  out.line(counted(copied.without_folder, "of them is", "of them are") +
           " in the main folder, for theirs could not be made");
}

Done Copying::look() {
  if (target_.has(PIGEON_MDA_HANDS_OVER)) {
    return failure(PIGEON_UNSUPPORTED, "store old mail in " + target_.name() +
                                           ": another server keeps its mailboxes, and would take it for new")
        .with_remedy("export it, and bring it into that server by its own tools");
  }
  std::map<std::string, std::uint64_t> folders;
  PIGEON_TRY(source_.list([&](const Entry& entry) {
    entries_.push_back(entry);
    ++folders[folder_shown(entry.folder)];
    return true;
  }));
  std::vector<std::string> shown;
  for (const auto& [name, count] : folders) shown.push_back(name + " (" + std::to_string(count) + ")");
  const auto& out = session_.out();
  sort_by_arrival(entries_);
  out.line(counted(entries_.size(), "message", "messages") + (shown.empty() ? "" : ": " + join(shown, ", ")));
  if (folders.size() > 1 || (folders.size() == 1 && !same_name(folders.begin()->first, kMain))) {
    out.line("Each folder is made in " + target_.name() +
             ", if that keeps folders; if not, all messages go into its one folder.");
  }
  return {};
}

Result<bool> Copying::look_again() {
  entries_.clear();
  vanished_.clear();
  std::set<Place> there;
  PIGEON_TRY(source_.list([&](const Entry& entry) {
    Place place(entry.folder, entry.name);
    if (known_.count(place) == 0) entries_.push_back(entry);
    there.insert(std::move(place));
    return true;
  }));
  sort_by_arrival(entries_);
  for (const auto& [place, digest] : known_) {
    if (there.count(place) == 0) vanished_.emplace(digest, place);
  }
  return !entries_.empty();
}

// A message that was copied, and to which a reader has given another name or folder since: its text is the
// same, and at its old place there is nothing.
bool Copying::is_known(const Entry& entry, const std::string& digest) {
  const auto found = vanished_.find(digest);
  if (found == vanished_.end()) return false;
  known_.erase(found->second);
  vanished_.erase(found);
  known_.emplace(Place(entry.folder, entry.name), digest);
  return true;
}

Result<std::optional<host::Spool>> Copying::read(const Storage& from, const Entry& entry) const {
  auto writer = PIGEON_TRY(host::Spool::Writer::open(session_.configuration().spool));
  Done written;
  const auto done = from.read(entry.folder, entry.name, [&](std::string_view bytes) {
    written = writer.add(bytes);
    return static_cast<bool>(written);
  });
  PIGEON_TRY(std::move(written));
  if (!done && done.failure().status == PIGEON_NOT_THERE) return std::nullopt;
  PIGEON_TRY(done);
  return PIGEON_TRY(std::move(writer).end());
}

// A message keeps the id that it was delivered under: then a retry of that delivery, which may still come,
// finds it. But two copies of one message are two: each other one has an id of its own.
std::string Copying::id_of(const Entry& entry, std::string_view text) {
  if (ids_ == CopyId::of_entry && is_delivery_id(entry.id) && given_.insert(entry.id).second) return entry.id;
  host::ParsedMessage whole;
  if (ids_ == CopyId::of_content) whole.body = text;
  const auto hash = [&](std::uint64_t number) {
    const auto from = from_ + " " + std::to_string(number);
    const auto& name = ids_ == CopyId::of_entry ? entry.name : "";
    // What was imported is known by its bytes also after a move, which keeps its id.
    const auto& mailbox = ids_ == CopyId::of_entry ? target_.allocation().id : "";
    return host::delivery_id({.queue_id = from, .principal = mailbox, .folder = entry.folder, .sender = name},
                             whole, true);
  };
  const auto first = hash(0);
  const auto before = alike_[first]++;
  auto id = before == 0 ? first : hash(before);
  given_.insert(id);
  return id;
}

Done Copying::deliver(std::vector<Parcel>& parcels, Copied& copied) {
  const LentAllocation allocation(target_.allocation());
  const LentAttributes preferences(preferences_.attributes());
  std::vector<std::unique_ptr<LentDelivery>> lent;
  std::vector<const pigeon_delivery*> batch;
  for (const auto& parcel : parcels) {
    lent.push_back(std::make_unique<LentDelivery>(target_.allocation(), allocation, preferences, parcel.entry,
                                                  parcel.id, parcel.text.text()));
    batch.push_back(lent.back()->get());
  }
  {
    const host::InPlugin mark(target_.mda().name(), "deliver");
    target_.mda().operations<pigeon_mda>().deliver(target_.mda().instance(), batch.data(), batch.size());
  }
  for (std::size_t index = 0; index < parcels.size(); ++index) {
    const auto& entry = parcels[index].entry;
    if (auto outcome = lent[index]->outcome(); !outcome) {
      return std::move(outcome).failure().while_doing("store message " + printable(entry.name) +
                                                      " of folder " + folder_shown(entry.folder));
    }
    const bool was_there = lent[index]->has(PIGEON_RECEIPT_ALREADY_THERE);
    copied.were_there += was_there ? 1U : 0U;
    copied.messages += was_there ? 0U : 1U;
    copied.bytes += was_there ? 0 : parcels[index].text.text().size();
    copied.without_folder += lent[index]->has(PIGEON_RECEIPT_NO_SUCH_FOLDER) ? 1U : 0U;
    known_.emplace(Place(entry.folder, entry.name), std::move(parcels[index].digest));
  }
  parcels.clear();
  return {};
}

Result<Copied> Copying::run() {
  Copied copied;
  Progress progress("messages copied, of " + std::to_string(entries_.size()));
  std::vector<Parcel> parcels;
  std::uint64_t bytes = 0;
  for (const auto& entry : entries_) {
    auto text = PIGEON_TRY(read(source_, entry));
    if (!text) {
      ++copied.removed;
      continue;
    }
    auto digest = digest_of(text->text());
    if (is_known(entry, digest)) continue;
    bytes += text->text().size();
    auto id = id_of(entry, text->text());
    parcels.push_back({entry, std::move(id), std::move(digest), *std::move(text)});
    if (parcels.size() < kMostParcels && bytes < kMostBytes) continue;
    PIGEON_TRY(deliver(parcels, copied));
    bytes = 0;
    progress.at(copied.messages + copied.were_there);
  }
  if (!parcels.empty()) PIGEON_TRY(deliver(parcels, copied));
  return copied;
}

// In some order.
Result<bool> Copying::has_same_texts(const std::vector<Entry>& entries) const {
  std::map<std::string, std::uint64_t> missing;
  for (const auto& [place, digest] : known_) ++missing[digest];
  for (const auto& entry : entries) {
    const auto text = PIGEON_TRY(read(target_, entry));
    const auto found = text ? missing.find(digest_of(text->text())) : missing.end();
    if (found == missing.end()) return false;
    if (--found->second == 0) missing.erase(found);
  }
  return missing.empty();
}

// The sizes are compared, and where they differ, the texts. An mbox that is quoted as mboxo gives a line that
// came as ">From " back as "From ".
Done Copying::verify(const Copied& copied) const {
  if (!target_.has(PIGEON_MDA_LIST)) return {};
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  PIGEON_TRY(target_.list([&](const Entry& entry) {
    entries.push_back(entry);
    bytes += entry.bytes;
    return true;
  }));
  if (entries.size() == copied.messages && bytes == copied.bytes) return {};
  if (entries.size() == copied.messages && target_.has(PIGEON_MDA_READ) &&
      PIGEON_TRY(has_same_texts(entries))) {
    session_.out().line("In some of them " + target_.name() +
                        " does not tell lines that begin with \"From \" and \">From \" apart.");
    return {};
  }
  return temporary("compare the two mailboxes: copied " + counted(copied.messages, "message", "messages") +
                   " with " + counted(copied.bytes, "byte", "bytes") + ", and found " +
                   std::to_string(entries.size()) + " with " + std::to_string(bytes));
}

}  // namespace pigeon::control
