#include "store/connection.h"

namespace oneclaw::store {

Uuid Statement::uuid(int column) {
  const std::optional<Uuid> id = Uuid::from_bytes(impl_->blob(column));
  if (!id) throw Error(Error::Kind::kOther, "a stored id does not have 16 bytes");
  return *id;
}

}  // namespace oneclaw::store
