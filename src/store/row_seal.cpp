#include "store/row_seal.h"

#include <string>

#include "store/secret_repository.h"
#include "store/vault_repository.h"

namespace oneclaw::store {

std::optional<Bytes> seal_row(const Connection& connection, ByteView row) {
  if (connection.row_seal() == nullptr) return std::nullopt;
  const RowSeal::Mac mac = connection.row_seal()->mac(row);
  return Bytes(mac.begin(), mac.end());
}

void check_row(const Connection& connection, ByteView row, ByteView stored, std::string_view what) {
  if (connection.row_seal() == nullptr) return;
  if (!secure_equal(connection.row_seal()->mac(row), stored)) {
    throw Error(Error::Kind::kTampered, "a row was changed from outside: " + std::string(what));
  }
}

void seal_unsealed_rows(Transaction& transaction) {
  VaultRepository(transaction).seal_unsealed();
  SecretRepository(transaction).seal_unsealed();
}

}  // namespace oneclaw::store
