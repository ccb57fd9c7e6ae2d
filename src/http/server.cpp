#include "http/server.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "http/session.h"
#include "http/tls_context.h"
#include "http/worker.h"

namespace oneclaw::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Every connection is a file, and the default soft limit is often 1024.
void raise_file_limit(std::size_t connections) {
  constexpr std::size_t kOtherFiles = 512;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min<rlim_t>(connections + kOtherFiles, limit.rlim_max);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class BeastServer final : public Server {
 public:
  BeastServer(ServerOptions options, RequestHandler handler);
  ~BeastServer() override;
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;
  Result<void> listen();
  Result<void> load_tls();

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void run() override;
  void stop() override;

 private:
  using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

  void accept_next();
  void accepted(Worker& worker, Socket socket);

  ServerCore core_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t next_worker_ = 0;
  std::uint16_t port_ = 0;
  Acceptor acceptor_;
  asio::steady_timer accept_pause_;
};

std::vector<std::unique_ptr<Worker>> make_workers(ServerCore& core) {
  unsigned count = core.options.threads;
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(core));
  return workers;
}

BeastServer::BeastServer(ServerOptions options, RequestHandler handler)
    : core_{.options = std::move(options), .handler = std::move(handler), .tls = {}},
      workers_(make_workers(core_)),
      acceptor_(workers_.front()->io()),
      accept_pause_(workers_.front()->io()) {}

/// What a handler still waits for, given up by the drain, may yet be posted to its worker by
/// another thread. So such a worker is kept until the process ends; nothing in it runs again.
BeastServer::~BeastServer() {
  static auto& kept = *new std::vector<std::unique_ptr<Worker>>;
  for (auto& worker : workers_) {
    if (worker->unfinished()) kept.push_back(std::move(worker));
  }
}

Result<void> BeastServer::load_tls() {
  const auto& [cert, key] = std::tie(core_.options.tls_cert, core_.options.tls_key);
  if (cert.empty() && key.empty()) return {};
  if (cert.empty() || key.empty()) {
    return problems::internal("TLS needs both a certificate and a key.");
  }
  TRY(core_.tls, make_tls_context(cert, key));
  return {};
}

Result<void> BeastServer::listen() {
  const ServerOptions& options = core_.options;
  error_code error;
  tcp::resolver resolver{workers_.front()->io()};
  const auto endpoints =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (!error) {
    const tcp::endpoint endpoint = *endpoints.begin();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
  }
  if (error) {
    return problems::internal("Can't listen on " + options.host + ":" +
                              std::to_string(options.port) + ": " + error.message() + ".");
  }
  return {};
}

void BeastServer::run() {
  accept_next();
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    threads.emplace_back([&worker = *workers_[i]] { worker.run(); });
  }
  workers_.front()->run();
  for (std::thread& thread : threads) thread.join();
}

void BeastServer::stop() {
  if (core_.stopping.exchange(true)) return;
  asio::post(workers_.front()->io(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
  });
  for (const auto& worker : workers_) worker->stop();
}

/// Hands connections to the workers in turn: long-lived ones then spread evenly, which a kernel's
/// hash (SO_REUSEPORT) does not do.
void BeastServer::accept_next() {
  if (!acceptor_.is_open()) return;
  Worker& worker = *workers_[next_worker_++ % workers_.size()];
  acceptor_.async_accept(worker.io(), [this, &worker](error_code error, Socket socket) {
    if (!error) {
      accepted(worker, std::move(socket));
    } else if (error == asio::error::no_descriptors ||
               error == boost::system::errc::too_many_files_open_in_system) {
      spdlog::warn("out of file descriptors; accepting again in 100 ms");
      accept_pause_.expires_after(std::chrono::milliseconds{100});
      accept_pause_.async_wait([this](error_code) { accept_next(); });
      return;
    }
    accept_next();
  });
}

void BeastServer::accepted(Worker& worker, Socket socket) {
  if (core_.connections.fetch_add(1, std::memory_order_relaxed) >= core_.options.most_connections) {
    core_.connections.fetch_sub(1, std::memory_order_relaxed);
    refuse_connection(*workers_.front(), std::move(socket));
    return;
  }
  asio::post(worker.io(), [&worker, moved = std::move(socket)]() mutable {
    start_session(worker, std::move(moved));
  });
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(ServerOptions options, RequestHandler handler) {
  raise_file_limit(options.most_connections);
  auto server = std::make_unique<BeastServer>(std::move(options), std::move(handler));
  CHECK_OK(server->load_tls());
  CHECK_OK(server->listen());
  return std::unique_ptr<Server>{std::move(server)};
}

}  // namespace oneclaw::http
