// The progress of a rotation, as a bar on a terminal and as lines elsewhere.
#pragma once

#include <string>

#include "base/result.h"
#include "operator/client.h"

namespace oneclaw::operators {

/// Follows the rotation `id` until it is finished. 500 when some rows could not be rewrapped.
Result<void> watch(const Client& client, const std::string& id);

}  // namespace oneclaw::operators
