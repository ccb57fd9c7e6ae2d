#include "domain/policy_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace oneclaw::domain {

namespace {

std::string_view prefix_of(const Policy& policy) {
  return policy.pattern.literal_prefix();
}

}  // namespace

PolicyIndex::PolicyIndex(std::vector<Policy> policies) : policies_(std::move(policies)) {
  // Stable: of one prefix they stay in the order of the list.
  std::vector<std::uint32_t> places(policies_.size());
  std::iota(places.begin(), places.end(), 0U);
  std::ranges::stable_sort(places, [this](std::uint32_t a, std::uint32_t b) {
    return prefix_of(policies_[a]) < prefix_of(policies_[b]);
  });
  std::vector<Policy> sorted;
  sorted.reserve(policies_.size());
  for (const std::uint32_t place : places) sorted.push_back(std::move(policies_[place]));
  policies_ = std::move(sorted);

  for (std::uint32_t i = 0; i < policies_.size(); ++i) {
    const std::string_view prefix = prefix_of(policies_[i]);
    if (nodes_.empty() || nodes_.back().prefix != prefix) {
      std::uint32_t parent = nodes_.empty() ? kNone : static_cast<std::uint32_t>(nodes_.size() - 1);
      while (parent != kNone && !prefix.starts_with(nodes_[parent].prefix)) {
        parent = nodes_[parent].parent;
      }
      nodes_.push_back({.prefix = prefix, .parent = parent, .first = i, .last = i});
    }
    nodes_.back().last = i + 1;
  }

  const bool asks = std::ranges::any_of(
      policies_, [](const Policy& policy) { return policy.approval.has_value(); });
  orders_.push_back(order_for(Access::kRead, places));
  if (!asks) return;
  orders_.push_back(order_for(Access::kPut, places));
  orders_.push_back(order_for(Access::kDelete, places));
}

PolicyIndex::Order PolicyIndex::order_for(Access access,
                                          const std::vector<std::uint32_t>& places) const {
  Order order;
  order.policies.resize(policies_.size());
  std::iota(order.policies.begin(), order.policies.end(), 0U);
  std::ranges::sort(order.policies, [&](std::uint32_t left, std::uint32_t right) {
    const Policy& a = policies_[left];
    const Policy& b = policies_[right];
    if (a.priority != b.priority) return a.priority > b.priority;
    const Verdict says = verdict_of(a, access);
    const Verdict other = verdict_of(b, access);
    if (says != other) return says > other;
    if (says == Verdict::kAsk && a.id != b.id) return a.id < b.id;
    return places[left] < places[right];
  });
  order.ranks.resize(policies_.size());
  for (std::uint32_t rank = 0; rank < order.policies.size(); ++rank) {
    order.ranks[order.policies[rank]] = rank;
  }
  for (const Node& node : nodes_) {
    std::sort(order.ranks.begin() + node.first, order.ranks.begin() + node.last);
  }
  return order;
}

Decision PolicyIndex::decide(const AccessRequest& request) const {
  if (nodes_.empty()) return {};
  const PermissionSet wanted = permissions_for(request.access);
  const Order& order = orders_[asks() ? static_cast<std::size_t>(request.access) : 0];
  const auto after = std::ranges::upper_bound(nodes_, request.path, {}, &Node::prefix);
  auto at = static_cast<std::uint32_t>(after - nodes_.begin()) - 1;  // kNone when there is none
  while (at != kNone && !request.path.starts_with(nodes_[at].prefix)) at = nodes_[at].parent;
  std::uint32_t deciding = kNone;
  for (; at != kNone; at = nodes_[at].parent) {
    for (std::uint32_t i = nodes_[at].first; i < nodes_[at].last; ++i) {
      const std::uint32_t rank = order.ranks[i];
      if (rank >= deciding) break;
      if (!applies(policies_[order.policies[rank]], request, wanted)) continue;
      deciding = rank;
      break;
    }
  }
  if (deciding == kNone) return {};
  const Policy& policy = policies_[order.policies[deciding]];
  const Verdict verdict = verdict_of(policy, request.access);
  return {verdict == Verdict::kAllow, verdict == Verdict::kAsk, policy.id};
}

bool PolicyIndex::any_alive(TimePoint at) const {
  return std::ranges::any_of(policies_, [at](const Policy& policy) {
    return !policy.expires_at || *policy.expires_at > at;
  });
}

std::vector<std::string_view> PolicyIndex::allowed_prefixes(Access access) const {
  const PermissionSet wanted = permissions_for(access);
  std::vector<std::string_view> prefixes;
  for (const Node& node : nodes_) {
    if (!prefixes.empty() && node.prefix.starts_with(prefixes.back())) continue;
    const bool allows =
        std::any_of(policies_.begin() + node.first, policies_.begin() + node.last,
                    [wanted](const Policy& policy) {
                      return policy.effect == Effect::kAllow && (policy.permissions & wanted) != 0;
                    });
    if (allows) prefixes.push_back(node.prefix);
  }
  return prefixes;
}

std::size_t PolicyIndex::bytes() const {
  std::size_t total = sizeof(*this) + policies_.capacity() * sizeof(Policy) +
                      nodes_.capacity() * sizeof(Node) +
                      2 * sizeof(std::uint32_t) * policies_.size() * orders_.size();
  for (const Policy& policy : policies_) {
    total += policy.pattern.pattern().capacity() + policy.conditions.bytes();
  }
  return total;
}

}  // namespace oneclaw::domain
