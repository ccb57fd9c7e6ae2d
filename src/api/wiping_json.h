// Wiping JSON, by the name that the handlers know it by.
#pragma once

#include "base/wiping_json.h"

namespace oneclaw::api {

using oneclaw::to_secure_json;
using oneclaw::wiping_storage;

}  // namespace oneclaw::api
