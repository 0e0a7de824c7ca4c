// SPDX-License-Identifier: MIT
#include "conformance/mailbox.hpp"

#include "conformance/allocations.hpp"
#include "conformance/error_form.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace pigeon::conformance {
namespace {

// One delivery as C sees it, with everything that it points to.
class LentDelivery {
 public:
  LentDelivery(const Parcel& parcel, std::string_view body, const Allocation& allocation,
               const Settings& preferences)
      : prefix_(borrow(parcel.prefix)), allocation_(allocation), preferences_(preferences.attributes()) {
    envelope_.size = sizeof envelope_;
    envelope_.sender = borrow(kSender);
    address_ = allocation.principal.address();
    envelope_.recipient = borrow(address_);
    envelope_.local_part = borrow(allocation.principal.user);
    envelope_.user = borrow(allocation.principal.user);
    envelope_.domain = borrow(allocation.principal.domain);
    message_ = {sizeof message_, 0, &prefix_, 1, borrow(body)};
    receipt_.size = sizeof receipt_;
    receipt_.status = PIGEON_BUG;
    receipt_.error = &error_;
    delivery_ = {sizeof delivery_,
                 (parcel.is_unique ? PIGEON_DELIVERY_ID_IS_UNIQUE : 0) |
                     (parcel.is_moved ? PIGEON_DELIVERY_IS_MOVED : 0),
                 parcel.deadline.value(),
                 borrow(parcel.id),
                 &allocation_.get(),
                 preferences_.data(),
                 preferences_.size(),
                 borrow(parcel.folder),
                 &envelope_,
                 &message_,
                 &receipt_,
                 parcel.received,
                 parcel.marks,
                 0};
  }
  LentDelivery(const LentDelivery&) = delete;
  LentDelivery& operator=(const LentDelivery&) = delete;
  LentDelivery(LentDelivery&&) = delete;
  LentDelivery& operator=(LentDelivery&&) = delete;
  ~LentDelivery() = default;

  [[nodiscard]] const pigeon_delivery* get() const { return &delivery_; }
  [[nodiscard]] Receipt receipt() const {
    return {receipt_.status, receipt_.flags, copy(error_, receipt_.status)};
  }

 private:
  static constexpr std::string_view kSender = "bob@example.org";
  std::string address_;
  pigeon_string prefix_;
  LentAllocation allocation_;
  LentAttributes preferences_;
  pigeon_envelope envelope_ = {};
  pigeon_message message_ = {};
  pigeon_error error_ = blank_error();
  pigeon_receipt receipt_ = {};
  pigeon_delivery delivery_ = {};
};

Deadline soon() {
  return Deadline::in(std::chrono::seconds(20));
}

// The preferences of somebody who has none: the declared defaults.
Settings default_preferences(const pigeon_plugin& plugin) {
  Attributes preferences;
  for (const auto* each : std::span(plugin.classes, plugin.class_count)) {
    if (!same_name(each->name, plugin.name)) continue;
    for (const auto& declared : std::span(each->attributes, each->attribute_count)) {
      if (declared.default_value != nullptr) preferences.set(declared.name, declared.default_value);
    }
  }
  return Settings(std::move(preferences));
}

// Every CR LF as LF.
std::string with_plain_lines(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r' || at + 1 == text.size() || text[at + 1] != '\n') plain += text[at];
  }
  return plain;
}

std::size_t occurrences(const std::string& in, const std::string& text) {
  std::size_t found = 0;
  for (auto at = in.find(text); at != std::string::npos; at = in.find(text, at + text.size())) ++found;
  return found;
}

}  // namespace

Result<Attributes> Mailbox::propose(const Principal& principal, const Attributes& requests) {
  const pigeon_principal lent = {sizeof lent, 0, borrow(principal.domain), borrow(principal.user)};
  const LentAttributes wanted(requests);
  Attributes proposed;
  const pigeon_attribute_sink sink = {sizeof sink, 0, &proposed,
                                      [](void* context, pigeon_string name, pigeon_string value) noexcept {
                                        const HostCall called;
                                        static_cast<Attributes*>(context)->add(view(name), view(value));
                                      }};
  auto error = blank_error();
  const auto mda = instance_->operations<pigeon_mda>();
  const auto status = [&] {
    const PluginCall call;
    return mda.propose(instance_->get(), &lent, wanted.data(), wanted.size(), &sink, &error);
  }();
  if (status != PIGEON_OK) return copy(error, status).while_doing("propose");
  return proposed;
}

Done Mailbox::ensure(const Allocation& allocation) {
  const LentAllocation lent(allocation);
  auto error = blank_error();
  const auto status = [&] {
    const PluginCall call;
    return instance_->operations<pigeon_mda>().ensure(instance_->get(), &lent.get(),
                                                      Deadline::in(std::chrono::seconds(20)).value(), &error);
  }();
  return status == PIGEON_OK ? Done() : Done(copy(error, status).while_doing("ensure"));
}

std::string told(const Receipt& receipt) {
  if (receipt.is_stored()) return "success";
  const auto status = "status " + shown(receipt.status);
  return receipt.failure.detail.empty() ? status : status + ", " + receipt.failure.detail;
}

Done Mailbox::make(const Principal& principal, const std::string& id) {
  allocation_ = {id, PIGEON_TRY(propose(principal)), principal};
  return ensure(allocation_);
}

Settings Mailbox::preferences() const {
  auto preferences = default_preferences(instance_->descriptor()).attributes();
  for (const auto& [name, values] : preferred_) preferences.set(name, values);
  return Settings(std::move(preferences));
}

bool Mailbox::knows_preference(std::string_view name) const {
  const auto& plugin = instance_->descriptor();
  for (const auto* each : std::span(plugin.classes, plugin.class_count)) {
    if (!same_name(each->name, plugin.name)) continue;
    for (const auto& declared : std::span(each->attributes, each->attribute_count)) {
      if (same_name(declared.name, name)) return true;
    }
  }
  return false;
}

Result<std::vector<Entry>> Mailbox::list() {
  std::vector<Entry> entries;
  const pigeon_entry_sink sink = {
      sizeof sink, 0, &entries, [](void* context, const pigeon_entry* entry) noexcept -> std::uint32_t {
        const HostCall called;
        static_cast<std::vector<Entry>*>(context)->push_back(
            {copy(entry->folder), copy(entry->name), entry->bytes, entry->received, entry->marks});
        return 0;
      }};
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const PluginCall call;
  const auto status =
      instance_->operations<pigeon_mda>().list(instance_->get(), &lent.get(), soon().value(), &sink, &error);
  if (status != PIGEON_OK) return copy(error, status).while_doing("list");
  return entries;
}

Result<std::string> Mailbox::read(const Entry& entry) {
  std::string content;
  const pigeon_byte_sink sink = {sizeof sink, 0, &content,
                                 [](void* context, pigeon_string part) noexcept -> std::uint32_t {
                                   const HostCall called;
                                   static_cast<std::string*>(context)->append(view(part));
                                   return 0;
                                 }};
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const PluginCall call;
  const auto status = instance_->operations<pigeon_mda>().read(
      instance_->get(), &lent.get(), borrow(entry.folder), borrow(entry.name), soon().value(), &sink, &error);
  if (status != PIGEON_OK) return copy(error, status).while_doing("read");
  return content;
}

Done Mailbox::retire() {
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const PluginCall call;
  const auto status =
      instance_->operations<pigeon_mda>().retire(instance_->get(), &lent.get(), soon().value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status).while_doing("retire"));
}

Done Mailbox::adopt() {
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const PluginCall call;
  const auto status =
      instance_->operations<pigeon_mda>().adopt(instance_->get(), &lent.get(), soon().value(), &error);
  return status == PIGEON_OK ? Done() : Done(copy(error, status).while_doing("adopt"));
}

Result<Usage> Mailbox::usage(bool recount) {
  const LentAllocation lent(allocation_);
  const auto preferences = this->preferences();
  const LentAttributes preferred(preferences.attributes());
  pigeon_usage usage = {};
  usage.size = sizeof usage;
  auto error = blank_error();
  const PluginCall call;
  const auto status = instance_->operations<pigeon_mda>().usage(
      instance_->get(), &lent.get(), preferred.data(), preferred.size(), recount ? 1 : 0, soon().value(),
      &usage, &error);
  if (status != PIGEON_OK) return copy(error, status).while_doing("usage");
  return Usage{usage.bytes, usage.messages, usage.bytes_limit, usage.messages_limit};
}

Receipt Mailbox::deliver(const Parcel& parcel) {
  return deliver_all({parcel}).front();
}

std::vector<Receipt> Mailbox::deliver_all(const std::vector<Parcel>& parcels) {
  const auto preferences = this->preferences();
  std::vector<std::unique_ptr<LentDelivery>> lent;
  std::vector<const pigeon_delivery*> batch;
  for (const auto& parcel : parcels) {
    batch.push_back(
        lent.emplace_back(std::make_unique<LentDelivery>(parcel, parcel.text, allocation_, preferences))
            ->get());
  }
  {
    const PluginCall call;
    instance_->operations<pigeon_mda>().deliver(instance_->get(), batch.data(), batch.size());
  }
  std::vector<Receipt> receipts;
  for (const auto& each : lent) receipts.push_back(each->receipt());
  return receipts;
}

Receipt Mailbox::deliver_from(const Parcel& parcel, std::string_view body) {
  const auto preferences = this->preferences();
  const LentDelivery lent(parcel, body, allocation_, preferences);
  const std::array batch = {lent.get()};
  instance_->operations<pigeon_mda>().deliver(instance_->get(), batch.data(), batch.size());
  return lent.receipt();
}

std::vector<std::size_t> Mailbox::copies(const std::vector<std::string>& texts) const {
  const bool is_sent = hands_over(*instance_);
  std::vector<std::size_t> found(texts.size());
  const auto count = [&](const std::string& content) {
    for (std::size_t index = 0; index < texts.size(); ++index) {
      found[index] += is_sent ? occurrences(with_plain_lines(content), with_plain_lines(texts[index]))
                              : occurrences(content, texts[index]);
    }
  };
  if (read_back(count)) return found;
  found.assign(texts.size(), 0);
  read_files(count);
  return found;
}

bool Mailbox::is_in_files() const {
  const std::filesystem::recursive_directory_iterator entries(trial_->directory());
  return std::any_of(begin(entries), end(entries), [](const auto& each) { return each.is_regular_file(); });
}

bool Mailbox::read_back(const Visit& visit) const {
  constexpr auto kLongest = std::chrono::seconds(20);
  const auto mda = instance_->operations<pigeon_mda>();
  if (mda.list == nullptr || mda.read == nullptr) return false;
  std::vector<std::pair<std::string, std::string>> names;
  const pigeon_entry_sink entries = {
      sizeof entries, 0, &names, [](void* context, const pigeon_entry* entry) noexcept -> std::uint32_t {
        static_cast<decltype(names)*>(context)->emplace_back(view(entry->folder), view(entry->name));
        return 0;
      }};
  const LentAllocation lent(allocation_);
  auto error = blank_error();
  const auto listed =
      mda.list(instance_->get(), &lent.get(), Deadline::in(kLongest).value(), &entries, &error);
  if (listed != PIGEON_OK) return false;
  for (const auto& [folder, name] : names) {
    std::string content;
    const pigeon_byte_sink bytes = {sizeof bytes, 0, &content,
                                    [](void* context, pigeon_string part) noexcept -> std::uint32_t {
                                      static_cast<std::string*>(context)->append(view(part));
                                      return 0;
                                    }};
    const auto status = mda.read(instance_->get(), &lent.get(), borrow(folder), borrow(name),
                                 Deadline::in(kLongest).value(), &bytes, &error);
    if (status != PIGEON_OK) return false;
    visit(content);
  }
  return true;
}

void Mailbox::read_files(const Visit& visit) const {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(trial_->directory())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    visit(std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
  }
}

bool hands_over(const Instance& instance) {
  return (instance.operations<pigeon_mda>().capabilities & PIGEON_MDA_HANDS_OVER) != 0;
}

std::optional<Finding> cannot_look(Trial& trial) {
  const auto instance = trial.open();
  if (!instance || !hands_over(**instance)) return std::nullopt;
  Mailbox mailbox(trial, **instance);
  if (!mailbox.make({"example.com", "probe"}, "probe")) return std::nullopt;
  const auto text = trial.random_text(64);
  if (!mailbox.deliver({.id = "probe", .text = text}).is_stored() || mailbox.copies(text) == 1)
    return std::nullopt;
  return Finding::skipped(
      "the server that mail is handed to does not keep it below the check's directory: make it do so with "
      "{directory} in --config");
}

}  // namespace pigeon::conformance
