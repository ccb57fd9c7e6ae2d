// Database failures as problems.
#pragma once

#include "base/problem.h"
#include "store/connection.h"

namespace oneclaw::store {

/// 409 for kUnique, 503 for kBusy and kUnavailable, 500 for the rest (code "tampered" for
/// kTampered). The detail is fit for a
/// client: it does not repeat the error's text.
Problem to_problem(const Error& error);

}  // namespace oneclaw::store
