// A connection and the coroutine that serves it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "http/worker.h"

namespace oneclaw::http {

/// A socket whose executor is known at compile time: cheaper than the type-erased default.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Starts to serve `socket`, over TLS when the core has it. On the worker's thread. The
/// connection is already counted in ServerCore::connections; its end takes it off.
void start_session(Worker& worker, Socket socket);

/// Answers 503 and closes, without waiting. For a connection too many.
void refuse_connection(Worker& worker, Socket socket);

}  // namespace oneclaw::http
