// Agents as several commands name them.
#pragma once

#include <string>

#include "cli/context.h"

namespace oneclaw::cli {

/// An agent's id, by id or name; `me` stays. 400 for a name that more than one agent has.
Result<std::string> find_agent(Context& context, const std::string& name_or_id);

}  // namespace oneclaw::cli
