#include "domain/audit_chain.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/encoding.h"

namespace oneclaw::domain {
namespace {

Uuid id(std::string_view tail) {
  return *Uuid::parse("0190a5b0-0000-7000-8000-0000000000" + std::string(tail));
}

AuditEvent first_event() {
  AuditEvent event;
  event.id = id("01");
  event.org_id = id("aa");
  event.action = "secret.read";
  event.actor_type = "agent";
  event.actor_id = id("bb").to_string();
  event.resource_type = "secret";
  event.resource_id = "prod/db";
  event.details_json = "{\"outcome\":\"allowed\",\"note\":\"caf\xc3\xa9\"}";
  event.ip_address = "203.0.113.9";
  event.created_at = from_micros(1771416000123456);
  return event;
}

AuditEvent second_event() {
  AuditEvent event;
  event.id = id("02");
  event.org_id = id("aa");
  event.action = "auth.failure";
  event.actor_type = "anonymous";
  event.details_json = "{}";
  event.ip_address = "2001:db8::1";
  event.created_at = from_micros(-1);
  return event;
}

std::vector<AuditEvent> chain_of(int count) {
  std::vector<AuditEvent> chain;
  ChainHead head;
  for (int i = 0; i < count; ++i) {
    AuditEvent event = first_event();
    event.id = Uuid::v4();
    event.resource_id = std::to_string(i);
    link(head, event);
    chain.push_back(event);
  }
  return chain;
}

ChainVerifier verify(const std::vector<AuditEvent>& chain) {
  ChainVerifier verifier;
  for (const AuditEvent& event : chain) {
    if (!verifier.accept(event)) break;
  }
  return verifier;
}

TEST(AuditChain, KnownHashes) {
  ChainHead head;
  AuditEvent first = first_event();
  AuditEvent second = second_event();
  link(head, first);
  second.sequence = 2;
  second.prev_event_id = first.id;
  second.integrity_hash = chain_hash(first.integrity_hash, second);
  // By Python's hashlib and struct, from the layout in audit_chain.h.
  EXPECT_EQ(to_hex(first.integrity_hash),
            "e16857ad96aef887950f25572da5829d6cd7f4b076bdde5ad3cddb71deee46de");
  EXPECT_EQ(to_hex(second.integrity_hash),
            "a831c74a7d4e16a3bc5219558c87a38a1712cac8508c8d51671526654cce3054");
}

TEST(AuditChain, LinkNumbersAndJoins) {
  const auto chain = chain_of(3);
  EXPECT_EQ(chain[0].sequence, 1);
  EXPECT_EQ(chain[0].prev_event_id, std::nullopt);
  EXPECT_EQ(chain[1].sequence, 2);
  EXPECT_EQ(chain[1].prev_event_id, chain[0].id);
  EXPECT_EQ(chain[2].sequence, 3);
  EXPECT_EQ(chain[2].prev_event_id, chain[1].id);
  EXPECT_EQ(chain[2].integrity_hash, chain_hash(chain[1].integrity_hash, chain[2]));
}

TEST(AuditChain, TimeNeverGoesBack) {
  ChainHead head;
  AuditEvent first = first_event();
  AuditEvent second = second_event();
  AuditEvent third = first_event();
  third.created_at += std::chrono::seconds(1);
  const TimePoint later = third.created_at;
  for (AuditEvent* event : {&first, &second, &third}) link(head, *event);
  EXPECT_EQ(second.created_at, first.created_at);
  EXPECT_EQ(third.created_at, later);
  ChainVerifier verifier;
  for (const AuditEvent& event : {first, second, third}) EXPECT_TRUE(verifier.accept(event));
}

TEST(AuditChain, AnEmptyChainIsValid) {
  const ChainVerifier verifier;
  EXPECT_TRUE(verifier.valid());
  EXPECT_EQ(verifier.verified(), 0);
}

TEST(AuditChain, AWholeChainIsValid) {
  const auto chain = chain_of(50);
  const ChainVerifier verifier = verify(chain);
  EXPECT_TRUE(verifier.valid());
  EXPECT_EQ(verifier.verified(), 50);
  EXPECT_EQ(verifier.head().event_id, chain.back().id);
  EXPECT_EQ(verifier.head().hash, chain.back().integrity_hash);
}

TEST(AuditChain, VerifiesOnFromAHead) {
  const auto chain = chain_of(6);
  ChainVerifier verifier(verify({chain.begin(), chain.begin() + 3}).head());
  for (auto event = chain.begin() + 3; event != chain.end(); ++event) {
    EXPECT_TRUE(verifier.accept(*event));
  }
  EXPECT_EQ(verifier.verified(), 3);
}

using Change = std::function<void(AuditEvent&)>;

const std::pair<std::string_view, Change> kChanges[] = {
    {"id", [](AuditEvent& e) { e.id.bytes[15] ^= 1U; }},
    {"org_id", [](AuditEvent& e) { e.org_id.bytes[0] ^= 1U; }},
    {"sequence", [](AuditEvent& e) { ++e.sequence; }},
    {"action", [](AuditEvent& e) { e.action = "secret.list"; }},
    {"actor_type", [](AuditEvent& e) { e.actor_type = "user"; }},
    {"actor_id", [](AuditEvent& e) { e.actor_id.back() = 'c'; }},
    {"resource_type", [](AuditEvent& e) { e.resource_type = "vault"; }},
    {"resource_id", [](AuditEvent& e) { e.resource_id += "x"; }},
    {"details_json", [](AuditEvent& e) { e.details_json += " "; }},
    {"ip_address", [](AuditEvent& e) { e.ip_address = "203.0.113.8"; }},
    {"created_at", [](AuditEvent& e) { e.created_at += std::chrono::microseconds(1); }},
    {"prev_event_id", [](AuditEvent& e) { e.prev_event_id = id("ee"); }},
    {"no prev_event_id", [](AuditEvent& e) { e.prev_event_id.reset(); }},
    {"integrity_hash", [](AuditEvent& e) { e.integrity_hash[31] ^= 1U; }},
    {"text moved over a border",
     [](AuditEvent& e) {
       e.resource_id.insert(0, 1, e.resource_type.back());
       e.resource_type.pop_back();
     }},
};

TEST(AuditChain, EachFieldIsGuarded) {
  const auto good = chain_of(5);
  for (const auto& [name, change] : kChanges) {
    auto chain = good;
    change(chain[2]);
    const ChainVerifier verifier = verify(chain);
    EXPECT_FALSE(verifier.valid()) << name;
    EXPECT_EQ(verifier.verified(), 2) << name;
    EXPECT_EQ(verifier.broken_at(), chain[2].id) << name;
  }
}

TEST(AuditChain, TheHashItselfCoversEachField) {
  // Not the verifier's other checks alone: the hash differs, too.
  const auto good = chain_of(3);
  const ChainHash& previous = good[1].integrity_hash;
  for (const auto& [name, change] : kChanges) {
    if (name == "integrity_hash") continue;
    AuditEvent event = good[2];
    change(event);
    EXPECT_NE(chain_hash(previous, event), good[2].integrity_hash) << name;
  }
  EXPECT_NE(chain_hash(ChainHash{}, good[2]), good[2].integrity_hash) << "previous";
}

TEST(AuditChain, ARehashedEventBreaksTheNext) {
  auto chain = chain_of(4);
  chain[1].action = "secret.list";
  chain[1].integrity_hash = chain_hash(chain[0].integrity_hash, chain[1]);
  const ChainVerifier verifier = verify(chain);
  EXPECT_EQ(verifier.verified(), 2);
  EXPECT_EQ(verifier.broken_at(), chain[2].id);
}

TEST(AuditChain, ARehashedGapOrLinkIsStillWrong) {
  const auto good = chain_of(3);
  AuditEvent gap = good[2];
  gap.sequence = 4;
  gap.integrity_hash = chain_hash(good[1].integrity_hash, gap);
  EXPECT_EQ(verify({good[0], good[1], gap}).broken_at(), gap.id);
  AuditEvent astray = good[2];
  astray.prev_event_id = good[0].id;
  astray.integrity_hash = chain_hash(good[1].integrity_hash, astray);
  EXPECT_EQ(verify({good[0], good[1], astray}).broken_at(), astray.id);
}

TEST(AuditChain, Reordered) {
  auto chain = chain_of(5);
  std::swap(chain[1], chain[2]);
  EXPECT_EQ(verify(chain).broken_at(), chain[1].id);
  std::swap(chain[1].sequence, chain[2].sequence);
  EXPECT_EQ(verify(chain).broken_at(), chain[1].id);
}

TEST(AuditChain, Deleted) {
  for (const int at : {0, 2, 3}) {
    auto chain = chain_of(5);
    chain.erase(chain.begin() + at);
    EXPECT_EQ(verify(chain).broken_at(), chain[static_cast<std::size_t>(at)].id) << at;
  }
}

TEST(AuditChain, DeletedAndRenumbered) {
  auto chain = chain_of(4);
  chain.erase(chain.begin() + 1);
  chain[1].sequence = 2;
  chain[1].prev_event_id = chain[0].id;
  EXPECT_EQ(verify(chain).broken_at(), chain[1].id);
}

TEST(AuditChain, Inserted) {
  auto chain = chain_of(4);
  AuditEvent forged = second_event();
  ChainHead head{chain[1].sequence, chain[1].id, chain[1].integrity_hash};
  link(head, forged);
  chain.insert(chain.begin() + 2, forged);
  const ChainVerifier verifier = verify(chain);
  EXPECT_EQ(verifier.verified(), 3);
  EXPECT_EQ(verifier.broken_at(), chain[3].id);
}

TEST(AuditChain, Repeated) {
  auto chain = chain_of(3);
  chain.insert(chain.begin() + 1, chain[1]);
  EXPECT_EQ(verify(chain).verified(), 2);
  EXPECT_FALSE(verify(chain).valid());
}

TEST(AuditChain, AnotherOrgsChainDoesNotFit) {
  const auto one = chain_of(3);
  const auto other = chain_of(3);
  EXPECT_EQ(verify({one[0], other[1]}).broken_at(), other[1].id);
}

TEST(AuditChain, ABrokenVerifierStaysBroken) {
  const auto chain = chain_of(3);
  ChainVerifier verifier;
  EXPECT_FALSE(verifier.accept(chain[1]));
  EXPECT_FALSE(verifier.accept(chain[0]));
  EXPECT_EQ(verifier.broken_at(), chain[1].id);
  EXPECT_EQ(verifier.verified(), 0);
}

}  // namespace
}  // namespace oneclaw::domain
