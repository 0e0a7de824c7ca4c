// SPDX-License-Identifier: MIT
#include "lmtp.hpp"

#include <pigeon/sdk/text.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <utility>

namespace mda_lmtp {
namespace {

using pigeon::Deadline;
using pigeon::Delivery;
using pigeon::Done;
using pigeon::Failure;
using pigeon::Result;

// What servers take in one transaction at least (RFC 5321, section 4.5.3.1.8).
constexpr std::size_t kMostRecipients = 100;
// Deadlines that are nearer to each other are as good as one.
constexpr std::uint64_t kSameTime = 1'000'000'000;  // nanoseconds
// Deliveries that are remembered as done. An instance lives as long as its process.
constexpr std::size_t kMostRemembered = 4096;

std::string own_name() {
  std::array<char, HOST_NAME_MAX + 1> name = {};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return written("x", name.data()) ? name.data() : "localhost";
}

std::string key_of(const Delivery& delivery) {
  return delivery.allocation().id + " " + delivery.id();
}

Failure cannot_write(const std::string& what, std::string_view address) {
  return pigeon::misconfigured("deliver by LMTP: " + what + " '" + pigeon::printable(address.substr(0, 200)) +
                               "' cannot be written in a command")
      .with_reason({4, 1, 0}, "address cannot be handed on");
}

// The next field of those that stand at the front of `text`, with the lines that continue it; it is taken
// off.
std::string_view take_field(std::string_view& text) {
  auto end = text.find('\n');
  while (end != std::string_view::npos && end + 1 < text.size() &&
         (text[end + 1] == ' ' || text[end + 1] == '\t'))
    end = text.find('\n', end + 1);
  const auto field = text.substr(0, end == std::string_view::npos ? end : end + 1);
  text.remove_prefix(field.size());
  return field;
}

bool is_return_path(std::string_view field) {
  const auto colon = field.find(':');
  return colon != std::string_view::npos && pigeon::same_name(field.substr(0, colon), "Return-Path");
}

Deadline time_to_connect(std::chrono::nanoseconds time, Deadline deadline) {
  return Deadline::in(std::min(time, deadline.left()));
}

bool same_bytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.data() == b.data() || a == b);
}

}  // namespace

Result<Options> Options::of(const pigeon::Settings& settings) {
  std::optional<std::string> catch_all;
  if (settings.has("catchAll")) catch_all = settings.text("catchAll");
  Options options{
      .servers = {},
      .recipients = PIGEON_TRY(Recipients::parse(settings.text("recipient"), catch_all)),
      .delimiter = settings.text("detailDelimiter"),
      .name = settings.has("name") ? settings.text("name") : own_name(),
      .sends_fields = settings.is_true("fields"),
      .manner = {.permanent = settings.text("permanent") == "defer" ? Permanent::defer : Permanent::pass,
                 .forbidden = settings.text("forbidden") == "keep" ? Forbidden::keep : Forbidden::replace},
      .connect_time = settings.time("connectTimeout")};
  for (const auto& each : settings.all("server")) options.servers.push_back(PIGEON_TRY(Server::parse(each)));
  if (!written("x", options.name)) {
    return pigeon::misconfigured("use \"name\" of mda-lmtp, '" +
                                 pigeon::printable(std::string_view(options.name).substr(0, 100)) + "'")
        .with_remedy("write the name of this host");
  }
  if (pigeon::has_control_characters(options.delimiter))
    return pigeon::misconfigured("use \"detailDelimiter\" of mda-lmtp: it has a control character")
        .with_remedy("write what the other server is configured with; most have +");
  return options;
}

Result<std::unique_ptr<Lmtp>> Lmtp::open(pigeon::Host /*host*/, const pigeon::Settings& settings) {
  return std::make_unique<Lmtp>(PIGEON_TRY(Options::of(settings)));
}

Result<pigeon::Attributes> Lmtp::propose(const pigeon::Principal& principal,
                                         const pigeon::Attributes& requests) const {
  if (const auto request = requests.get("address")) {
    if (!written_address(*request)) return cannot_write("the requested address", *request);
    return pigeon::Attributes{{"address", {std::string(*request)}}};
  }
  return pigeon::Attributes{{"address", {PIGEON_TRY(options_.recipients.address_of(principal))}}};
}

// The other server makes its mailboxes itself, or an administrator does.
Done Lmtp::ensure(const pigeon::Allocation& allocation, Deadline /*deadline*/) {
  const auto address = allocation.attributes.get("address").value_or("");
  if (!written_address(address)) return cannot_write("the address of the allocation", address);
  return {};
}

Done Lmtp::check(Deadline deadline) const {
  for (const auto& each : options_.servers)
    PIGEON_TRY(Session::open(each, options_.name, time_to_connect(options_.connect_time, deadline)));
  return {};
}

// Return-Path is for the server to write that delivers last (RFC 5321, section 4.4), from MAIL.
std::vector<std::string_view> Lmtp::fields_of(const Delivery& delivery) const {
  std::vector<std::string_view> fields;
  for (const auto& each : delivery.message().prefix()) {
    for (auto rest = pigeon::view(each); options_.sends_fields && !rest.empty();) {
      if (const auto field = take_field(rest); !is_return_path(field)) fields.push_back(field);
    }
  }
  return fields;
}

Result<Lmtp::Item> Lmtp::prepare(const Delivery& delivery) const {
  if (delivery.is_moved()) {
    return pigeon::failure(PIGEON_UNSUPPORTED,
                           "deliver by LMTP: a message that is moved would lose when it came and its marks")
        .with_remedy("move mail into another server's mailbox by IMAP");
  }
  if (delivery.deadline().passed())
    return pigeon::failure(PIGEON_TIMEOUT, "deliver by LMTP: there was no time left");
  Item item{.delivery = &delivery};
  const auto sender = written_sender(delivery.envelope().sender());
  if (!sender) return cannot_write("the sender", delivery.envelope().sender());
  const auto plain = delivery.allocation().attributes.get("address").value_or("");
  const auto address = written_address(plain);
  if (!address) return cannot_write("the address of the allocation", plain);
  item.sender = *sender;
  item.address = *address;
  if (delivery.folder().empty()) return item;
  const auto detailed = options_.delimiter.empty()
                            ? std::nullopt
                            : written_address(with_detail(plain, options_.delimiter, delivery.folder()));
  item.no_such_folder = !detailed;
  if (detailed) item.fallback = std::exchange(item.address, *detailed);
  return item;
}

// One transaction has one sender and one message, and no recipient twice: that would be one copy. It ends at
// one time: where that is much before another one's, whose message was stored in time would be in doubt.
// REQUIRES: the item's deadline is not before that of the first.
bool Lmtp::goes_with(const std::vector<Item>& items, const Item& item) const {
  const auto& first = items.front();
  if (item.delivery->deadline().value() - first.delivery->deadline().value() >= kSameTime) return false;
  if (items.size() == kMostRecipients || first.sender != item.sender) return false;
  if (!same_bytes(first.delivery->message().body(), item.delivery->message().body())) return false;
  if (fields_of(*first.delivery) != fields_of(*item.delivery)) return false;
  return std::none_of(items.begin(), items.end(),
                      [&](const Item& each) { return each.address == item.address; });
}

void Lmtp::deliver(std::span<Delivery> deliveries) {
  in_doubt_.clear();
  // Who has little time is not kept waiting by those who have more.
  std::stable_sort(deliveries.begin(), deliveries.end(), [](const Delivery& one, const Delivery& other) {
    return one.deadline().value() < other.deadline().value();
  });
  deliver_each_id_once(deliveries);
}

void Lmtp::deliver_each_id_once(std::span<Delivery> deliveries) {
  std::vector<std::vector<Item>> groups;
  std::vector<Delivery> again;
  std::set<std::string> seen;
  for (const auto& delivery : deliveries) {
    if (was_handed_over(delivery)) {
      delivery.answer(pigeon::Stored{.where = "handed over before", .already_there = true});
      continue;
    }
    // Sent again, it would be there twice where the first one was stored.
    if (const auto met = in_doubt_.find(key_of(delivery));
        delivery.id_is_unique() && met != in_doubt_.end()) {
      delivery.answer(met->second);
      continue;
    }
    if (delivery.id_is_unique() && !seen.insert(key_of(delivery)).second) {
      again.push_back(delivery);  // what becomes of the first one decides
      continue;
    }
    auto item = prepare(delivery);
    if (!item) {
      delivery.answer(item.failure());
      continue;
    }
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& items) { return goes_with(items, *item); });
    if (group == groups.end()) {
      groups.push_back({*std::move(item)});
    } else {
      group->push_back(*std::move(item));
    }
  }
  down_.reset();
  for (auto& group : groups) hand_over(std::move(group));
  if (!again.empty()) deliver_each_id_once(again);
}

void Lmtp::hand_over(std::vector<Item> items) {
  const auto& first = *items.front().delivery;
  Transaction transaction{.sender = items.front().sender,
                          .fields = fields_of(first),
                          .message = first.message(),
                          .mailboxes = {},
                          .deadline = first.deadline()};
  for (const auto& each : items) transaction.mailboxes.push_back({.address = each.address});
  const auto done = run(transaction);
  std::vector<Item> without_folder;
  for (std::size_t at = 0; at < items.size(); ++at) {
    auto& item = items[at];
    auto& mailbox = transaction.mailboxes[at];
    if (!done) mailbox.outcome = Result<pigeon::Stored>(done.failure());
    if (done && mailbox.is_refused && !item.fallback.empty()) {
      // No folder is a reason to refuse mail.
      item.address = std::exchange(item.fallback, "");
      item.no_such_folder = true;
      without_folder.push_back(item);
    } else {
      answer(item, *std::move(mailbox.outcome));
    }
  }
  for (const auto& each : without_folder) hand_over({each});
}

void Lmtp::answer(const Item& item, Result<pigeon::Stored> outcome) {
  const auto& delivery = *item.delivery;
  if (outcome) {
    outcome->no_such_folder = item.no_such_folder;
  } else if (outcome.failure().may_have_happened && delivery.id_is_unique()) {
    in_doubt_.emplace(key_of(delivery), outcome.failure());
  }
  delivery.answer(outcome);
  if (outcome) note(delivery);
}

// On the connection that is open; else, and if that turns out to be closed, on a new one to each server in
// turn, the one that answered last first.
Done Lmtp::run(Transaction& transaction) {
  std::optional<Failure> met;
  if (session_ && session_->is_usable()) {
    auto done = session_->transact(transaction, options_.manner);
    if (done) return {};
    met = std::move(done).failure();
  }
  session_.reset();
  if (down_) return *down_;  // not everybody waits for it
  std::size_t down = 0;
  const auto first = server_;
  for (std::size_t tried = 0; tried < options_.servers.size() && !transaction.deadline.passed(); ++tried) {
    server_ = (first + tried) % options_.servers.size();
    // One that had less than its time may still answer the next delivery.
    const bool has_time = transaction.deadline.left() >= options_.connect_time;
    Done done;
    if (auto opened = session(transaction.deadline); !opened) {
      done = std::move(opened).failure();
      if (has_time) ++down;
    } else {
      done = (*opened)->transact(transaction, options_.manner);
    }
    if (done) return {};
    session_.reset();
    if (met) done.failure().detail = met->detail + "; " + done.failure().detail;
    met = std::move(done).failure();
  }
  if (met && down == options_.servers.size()) down_ = met;
  if (met) return *std::move(met);
  return pigeon::failure(PIGEON_TIMEOUT, "deliver by LMTP: there was no time left");
}

Result<Session*> Lmtp::session(Deadline deadline) {
  session_ = PIGEON_TRY(Session::open(options_.servers[server_], options_.name,
                                      time_to_connect(options_.connect_time, deadline)));
  return session_.get();
}

// LMTP has no id for a message: what another process has handed over, nobody knows. This one does.
bool Lmtp::was_handed_over(const Delivery& delivery) const {
  return delivery.id_is_unique() && handed_over_.contains(key_of(delivery));
}

void Lmtp::note(const Delivery& delivery) {
  if (!delivery.id_is_unique() || !handed_over_.insert(key_of(delivery)).second) return;
  in_order_.push_back(key_of(delivery));
  if (in_order_.size() <= kMostRemembered) return;
  handed_over_.erase(in_order_.front());
  in_order_.pop_front();
}

}  // namespace mda_lmtp
