// `oneclaw operator migrate-store`: from SQLite to PostgreSQL.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace oneclaw::operators {

/// Adds the command to `parent`; when it is chosen, `run` becomes what it does, to its exit code.
void add_migrate_store(CLI::App& parent, std::function<int()>& run);

}  // namespace oneclaw::operators
