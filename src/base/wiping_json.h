// JSON values and texts that hold secrets: wiped when they go.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include "base/secure.h"

namespace oneclaw {

/// Storage for a JSON value; every block is zeroed before it is freed.
boost::json::storage_ptr wiping_storage();

/// The JSON text of `value`, straight into wiped memory.
SecureString to_secure_json(const boost::json::value& value);

}  // namespace oneclaw
