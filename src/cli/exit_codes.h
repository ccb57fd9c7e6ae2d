// The exit codes of every command: part of the interface, listed in docs/cli.md.
#pragma once

#include "base/problem.h"

namespace oneclaw::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,       ///< any failure that has no code of its own
  kUsage = 2,        ///< a wrong command line, or a value that the server refuses (400, 413)
  kNotSignedIn = 3,  ///< no credentials, or ones that the server does not take (401)
  kNotAllowed = 4,   ///< 403
  kNotFound = 5,     ///< 404, 410
  kConflict = 6,     ///< 409
  kUnreachable = 7,  ///< no answer from the server, or it is busy (429, 503)
  kSecretsFound = 8  ///< `secret scan` found something
};

/// The code for a problem, by its status; status 0 is "no answer".
int exit_code(const Problem& problem);

}  // namespace oneclaw::cli
