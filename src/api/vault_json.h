// A vault's wire object.
#pragma once

#include <boost/json/object.hpp>

#include "store/vault_repository.h"

namespace oneclaw::api {

boost::json::object vault_json(const store::VaultRow& vault);

}  // namespace oneclaw::api
