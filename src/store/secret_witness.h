// The audit chain as a witness: a row of a secret that is older than the chain's word on it was put
// back. The other way round is no matter: not every change of a row has an event, and retention
// takes the oldest.
#pragma once

#include <array>
#include <string_view>

#include "store/connection.h"
#include "store/secret_repository.h"

namespace oneclaw::store {

/// Versions of a secret only grow, a deletion is undone by a new version alone, a version is never
/// enabled again and a count of accesses never sinks. So it is versions and counts that are
/// compared, and never times, and an event that was made up can only get a row refused.
class SecretWitness {
 public:
  explicit SecretWitness(Connection& connection) : connection_(connection) {}

  /// Throw Error (kTampered) when an event tells of a later state.
  void check(const SecretRow& secret);
  void check(const VersionRow& version);

  /// What is asked, for a test of how the database goes about it.
  static std::array<std::string_view, 3> queries();

 private:
  bool has_later_state(const SecretRow& secret);
  bool has_disabled(const VersionRow& version);
  bool has_later_access(const VersionRow& version);

  Connection& connection_;
};

}  // namespace oneclaw::store
