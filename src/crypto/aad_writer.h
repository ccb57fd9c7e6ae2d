// The writer of additional authenticated data.
#pragma once

#include "base/canonical.h"

namespace oneclaw::crypto {

using AadWriter = CanonicalWriter;

}  // namespace oneclaw::crypto
