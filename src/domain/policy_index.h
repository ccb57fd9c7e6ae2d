// Policies made ready for many decisions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/policy.h"

namespace oneclaw::domain {

/// Gives what decide() gives, at a cost that hangs on the policies under whose literal prefix a
/// path lies, and not on how many there are. Immutable, so it may be shared between threads;
/// deciding allocates nothing.
///
/// Two policies are ordered by what decides: priority, then deny before one that asks for approval
/// before allow, then (those that ask) their id or (the others) their place in the list. So the
/// first one in this order that applies is the one that decides. The distinct literal prefixes are
/// kept sorted, each with a link to the longest other one that it starts with. A path starts with
/// exactly those prefixes that are on the way up from the last one not after it.
class PolicyIndex {
 public:
  PolicyIndex() = default;
  explicit PolicyIndex(std::vector<Policy> policies);
  PolicyIndex(PolicyIndex&&) noexcept = default;
  PolicyIndex& operator=(PolicyIndex&&) noexcept = default;

  [[nodiscard]] Decision decide(const AccessRequest& request) const;
  /// Whether one of them has not expired.
  [[nodiscard]] bool any_alive(TimePoint at) const;
  /// The literal prefixes of the policies that may allow `access`: sorted, and none starts with
  /// another. Every path that is allowed starts with one of them. The views live as long as this.
  [[nodiscard]] std::vector<std::string_view> allowed_prefixes(Access access) const;
  /// Whether one of them asks for approval of some access.
  [[nodiscard]] bool asks() const { return orders_.size() > 1; }
  [[nodiscard]] std::size_t size() const { return policies_.size(); }
  /// About what it takes in memory.
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Node {
    std::string_view prefix;       ///< a view of a pattern in policies_
    std::uint32_t parent = kNone;  ///< the longest other prefix that this one starts with
    std::uint32_t first = 0;       ///< its policies are those of Order::ranks in [first, last)
    std::uint32_t last = 0;
  };
  /// The deciding order for one kind of access.
  struct Order {
    std::vector<std::uint32_t> policies;  ///< indices of policies_, by rank
    std::vector<std::uint32_t> ranks;     ///< by node, and ascending in each
  };

  /// `places`: of each policy in the list that was given.
  [[nodiscard]] Order order_for(Access access, const std::vector<std::uint32_t>& places) const;

  std::vector<Policy> policies_;  ///< by prefix
  std::vector<Node> nodes_;       ///< by prefix
  std::vector<Order> orders_;     ///< one for each Access; only one when none asks for approval
};

}  // namespace oneclaw::domain
