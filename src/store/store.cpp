#include "store/store.h"

#include <algorithm>

namespace oneclaw::store {

bool Transaction::unchanged_since(ChangeClock::Mark mark, Topic topic, const Uuid& id) const {
  if (writes() && !clock_.is_exact()) return false;
  if (!clock_.unchanged_since(mark, topic, id)) return false;
  if (batch_ == nullptr) return true;
  return !batch_->all_changed && std::ranges::none_of(batch_->changes, [&](const Change& change) {
    return change.topic == topic && change.id == id;
  });
}

}  // namespace oneclaw::store
