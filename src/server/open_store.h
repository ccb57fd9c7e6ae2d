// The database that the configuration names, opened.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "base/result.h"
#include "server/config.h"
#include "store/row_seal.h"
#include "store/store.h"

namespace oneclaw::server {

/// PostgreSQL when `config.database` names one, else SQLite in the data folder. The schema is
/// brought up to date. 500 with a clear detail when it can't be.
Result<std::unique_ptr<store::Store>> open_store(const Config& config,
                                                 std::shared_ptr<const store::RowSeal> row_seal);

/// True while no server has made its keys in the database: then a keyring may be made too.
boost::asio::awaitable<Result<bool>> is_fresh(store::Store& store);

}  // namespace oneclaw::server
