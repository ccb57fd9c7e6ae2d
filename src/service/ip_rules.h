// Use cases of an org's IP rules, and their enforcement.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/caller.h"
#include "base/result.h"
#include "domain/ip_policy.h"
#include "service/audit_log.h"
#include "store/ip_rule_repository.h"
#include "store/store.h"

namespace oneclaw::service {

inline constexpr std::size_t kMostIpRules = 256;  ///< of an org

struct NewIpRule {
  std::string rule_type;
  std::string cidr;
  std::string label;
  std::string applies_to = "all";
};

/// For the org's owners and admins alone: 403 to others. The rules of every org are in memory; a
/// change counts from the next request on.
class IpRules {
 public:
  IpRules(store::Store& store, AuditLog& audit) : store_(store), audit_(audit) {}

  /// Reads every org's rules into memory. Call it before the first request, and again and again
  /// where other nodes change them.
  boost::asio::awaitable<Result<void>> load();
  /// Whether the principal's org lets it call from there. Thread-safe; no I/O.
  [[nodiscard]] bool admits(const Principal& principal, const IpAddress& address) const {
    return admits(principal.org_id, principal.type, address);
  }
  /// The same for somebody who is not of the org, such as who opens a share of it.
  [[nodiscard]] bool admits_guest(const Uuid& org_id, const IpAddress& address) const {
    return admits(org_id, PrincipalType::kNone, address);
  }

  boost::asio::awaitable<Result<std::vector<store::IpRuleRow>>> list(Caller& caller);
  /// 400 "cidr" when the rule would lock the caller out; 409 when the org has the same.
  boost::asio::awaitable<Result<store::IpRuleRow>> create(Caller& caller, NewIpRule rule);
  /// 409 when what is left would lock the caller out.
  boost::asio::awaitable<Result<void>> remove(Caller& caller, Uuid rule_id);

 private:
  using Rules = std::vector<domain::IpRule>;
  struct Entry {
    std::shared_ptr<const Rules> rules;
    std::uint64_t ticket = 0;
  };

  /// What a write leaves: `ticket` is taken inside its transaction, after the audit event has made
  /// the org's writes wait for each other, so that the highest ticket has the last word.
  struct Change {
    Rules rules;
    std::uint64_t ticket = 0;
  };
  void install(const Uuid& org_id, Change& change);
  [[nodiscard]] bool admits(const Uuid& org_id, PrincipalType type, const IpAddress& address) const;

  store::Store& store_;
  AuditLog& audit_;
  std::atomic<std::uint64_t> tickets_{0};
  std::atomic<bool> any_{false};  ///< no org had a rule yet: no need to look
  mutable std::shared_mutex mutex_;
  std::unordered_map<Uuid, Entry> orgs_;
};

}  // namespace oneclaw::service
