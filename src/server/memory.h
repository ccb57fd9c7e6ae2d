// What keeps secrets in this process's memory from getting out of it.
#pragma once

namespace oneclaw::server {

/// Turns core dumps off, keeps other processes of this user from reading our memory
/// (PR_SET_DUMPABLE), raises RLIMIT_MEMLOCK as far as it goes, and locks all memory when the limit
/// allows it. Says in the log what could not be had.
void protect_memory();

}  // namespace oneclaw::server
