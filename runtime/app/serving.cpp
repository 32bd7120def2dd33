// Where the daemon listens: without a user on this machine alone, then where tidewire.lua says.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "admin/access.h"
#include "admin/answer.h"
#include "app/state.h"
#include "loop/address.h"
#include "loop/descriptors.h"

namespace tidewire::app {
namespace {

constexpr Duration kTellCrowded = std::chrono::seconds(10);

/// The same port on loopback; an address that is loopback already as it is.
std::string on_loopback(const std::string& address) {
  const auto colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  const bool near = host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0 || address.rfind("unix:", 0) == 0;
  return near || colon == std::string::npos ? address : "127.0.0.1" + address.substr(colon);
}

std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

}  // namespace

Result<void> check_listen(const std::string& address) {
  TRY(loop::parse_address(address));
  return {};
}

std::string App::State::wanted_address() const { return options_.listen.empty() ? project_.listen : options_.listen; }

std::unique_ptr<http::Server> App::State::make_server() {
  http::ServerOptions options;
  options.max_connections = http::connections_within(loop::raise_descriptors());
  options.refusal = admin::refused;
  // A proxy on this machine speaks for everybody.
  options.whose = [](const std::string& peer) { return admin::is_loopback(peer) ? "" : admin::network_of(peer); };
  options.max_of_one = [this] { return project_.admin.connections_per_address; };
  options.crowded = [this, most = options.max_connections](const std::string& whose) { tell_crowded(most, whose); };
  return std::make_unique<http::Server>(loop_, std::move(options), [this](http::Request request, http::Reply reply) { route(std::move(request), std::move(reply)); });
}

/// A line at most every ten seconds: whoever makes so many connections must not fill the log too.
void App::State::tell_crowded(int most, const std::string& whose) {
  ++turned_away_;
  const Instant now = clock_.now();
  const auto told = crowded_told_.find(!whose.empty());
  if (told != crowded_told_.end() && now - told->second < kTellCrowded) return;
  crowded_told_[!whose.empty()] = now;
  const std::string text = whose.empty() ? "there are " + std::to_string(most) + " connections, as many as may be: the next are refused"
                                         : whose + " has as many connections as one address may have (admin.connections_per_address, " + std::to_string(project_.admin.connections_per_address) + "): its next are refused";
  log_.warn("connections_refused", text, {{"so_far", Value(turned_away_)}});
}

/// Nobody can log in while there is no user, so nobody from elsewhere is let near.
Result<void> App::State::listen() {
  const std::string wanted = wanted_address();
  const bool somebody = api_->accounts().any_user() || !project_.admin_token.is_null();
  const std::string address = somebody ? wanted : on_loopback(wanted);
  if (address != wanted) {
    log_.warn("no_user", "there is no user yet, so " + wanted + " is not listened on; " + address + " is, until the first is made: open the set-up link, or `tidewire user add NAME --role admin`");
  }
  TRY(refresh_certificate());
  return listen_at(address);
}

Result<void> App::State::listen_at(const std::string& address) {
  address_ = TRY(server_->listen(address, [this] { return certificate_.identity(); }));
  return {};
}

/// In the project's state/ wherever the state file is: commands find the daemon by the folder alone.
void App::State::listen_to_commands() {
  const std::string path = socket_path(options_.folder);
  if (::mkdir(std::filesystem::path(path).parent_path().c_str(), 0700) != 0 && errno != EEXIST) {
    log_.warn("socket", path + ": " + std::strerror(errno));
    return;
  }
  const auto socket = server_->listen("unix:" + path);
  if (!socket.ok()) log_.warn("socket", to_string(socket.error()));
}

/// Listens where it is wanted from now on. The new address is opened before the old one closes, so that a wrong one changes nothing;
/// an old one that is in its way (another host of the same port) goes first, and comes back where that was not it.
Result<void> App::State::move_server() {
  const std::string was = address_;
  auto former = std::exchange(server_, make_server());
  Result<void> moved = listen();
  const bool in_the_way = !moved.ok() && port_of(was) == port_of(wanted_address());
  if (!moved.ok() && !in_the_way) {
    server_ = std::move(former);
    return moved;
  }
  retire(std::move(former));
  if (in_the_way) moved = listen();
  if (!moved.ok()) {
    if (const auto back = listen_at(was); !back.ok()) log_.error("not_listening", to_string(back.error()));
  }
  listen_to_commands();
  return moved;
}

/// It finishes what it answers, and lets nobody in.
void App::State::retire(std::unique_ptr<http::Server> server) {
  http::Server* const former = former_servers_.emplace_back(std::move(server)).get();
  former->drain([this, alive = alive_, former] {
    if (!*alive) return;
    loop_.post([this, alive, former] {
      if (*alive) std::erase_if(former_servers_, [former](const auto& one) { return one.get() == former; });
    });
  });
}

void App::State::first_user_added() {
  const std::string wanted = wanted_address();
  if (!options_.serve || !server_ || draining_ || on_loopback(wanted) == wanted) return;
  const auto moved = move_server();
  if (moved.ok()) return log_.info("listening", "there is a user: listening on " + address_);
  log_.error("not_listening", to_string(moved.error()) + "; " + address_ + " is listened on; start the daemon again once that is mended");
}

/// tidewire.lua was saved and may say another address. One that fails is tried again when the file is saved again.
void App::State::follow_listen(const std::string& was) {
  listen_trouble_.reset();
  if (project_.listen == was || !options_.listen.empty() || !options_.serve || !server_ || draining_) return;
  const auto moved = move_server();
  if (moved.ok()) return log_.info("listening", "tidewire.lua says another address: listening on " + address_);
  log_.error("not_listening", to_string(moved.error()) + "; " + address_ + " is listened on as before", {{"wanted", Value(project_.listen)}});
  listen_trouble_ = moved.error();
  project_.listen = was;
}

void App::State::load_admin_token() {
  if (project_.admin_token.is_null()) return api_->accounts().use_fixed_token("");
  const auto token = secrets_.resolve(project_.admin_token);
  if (token.ok() && token->is_string() && token->as_string().size() >= 16) return api_->accounts().use_fixed_token(token->as_string());
  log_.warn("configuration", token.ok() ? "admin.token has fewer than 16 characters and is not used" : to_string(token.error()));
  api_->accounts().use_fixed_token("");
}

std::string App::State::setup_link() {
  const std::string code = options_.serve ? api_->setup_code() : "";
  return code.empty() ? "" : url() + "/#/setup/" + code;
}

}  // namespace tidewire::app
