// intake_baseline.cpp — what durable, signed webhook intake costs at the least: libuv, llhttp, HMAC-SHA256, RapidJSON, SQLite.
//
//   intake_baseline PORT DATABASE SECRET [FSYNC_DELAY_US]
//
// One thread reads and proves, one writes: whatever was queued while the commit before it ran is the next commit, and a
// request is answered after its own. The row, the answer's bytes and the pragmas are those of the daemon, and the body is
// parsed as it is there: whole, its UTF-8 checked, numbers as text, two members kept. It limits nothing, knows one route and
// hands nothing on: the measure for a daemon that does all of that.
#include <llhttp.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <sqlite3.h>
#include <uv.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "intake_baseline: %s\n", what.c_str());
  std::exit(1);
}

class Hmac {
 public:
  explicit Hmac(const std::string& key) {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context_ = EVP_MAC_CTX_new(algorithm);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    EVP_MAC_init(context_, reinterpret_cast<const unsigned char*>(key.data()), key.size(), parameters);
  }

  bool proves(std::string_view body, std::string_view base64) {
    unsigned char digest[32], sent[64];
    std::size_t length = 0;
    EVP_MAC_init(context_, nullptr, 0, nullptr);
    EVP_MAC_update(context_, reinterpret_cast<const unsigned char*>(body.data()), body.size());
    EVP_MAC_final(context_, digest, &length, sizeof digest);
    if (base64.size() != 44) return false;
    EVP_DecodeBlock(sent, reinterpret_cast<const unsigned char*>(base64.data()), 44);
    return CRYPTO_memcmp(sent, digest, sizeof digest) == 0;
  }

 private:
  EVP_MAC_CTX* context_;
};

struct Peer;

struct Change {
  Peer* peer;
  std::int64_t at;
  std::string collection, key;
};

/// Commits what was queued, group by group, and hands the group over to the loop.
class Writer {
 public:
  Writer(const char* path, long delay_us, uv_async_t* wake) : delay_us_(delay_us), wake_(wake) {
    if (sqlite3_open(path, &database_) != SQLITE_OK) die(path);
    exec("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -8000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
         "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
         "CREATE TABLE IF NOT EXISTS received (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
         " connection TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL, event TEXT NOT NULL,"
         " source TEXT NOT NULL, payload TEXT) STRICT;");
    // A log that still grows costs a journal commit of the file system at each fsync. The daemon's reaches its full size
    // while it is warmed up; this one writes so little that it would not.
    exec("CREATE TABLE grown (bytes); INSERT INTO grown VALUES (zeroblob(20000000)); DROP TABLE grown;"
         "PRAGMA wal_checkpoint(RESTART);");
    prepare("BEGIN IMMEDIATE", &begin_);
    prepare("COMMIT", &commit_);
    prepare("INSERT INTO received (at, connection, collection, key, event, source) "
            "VALUES (?, 'erp', ?, ?, 'upsert', 'webhook')", &insert_);
    std::thread([this] { work(); }).detach();
  }

  void add(Change change) {
    bool sleeping;
    {
      std::lock_guard lock(mutex_);
      sleeping = queue_.empty();
      queue_.push_back(std::move(change));
    }
    if (sleeping) ready_.notify_one();
  }

  void take_stored(std::vector<Change>& out) {
    std::lock_guard lock(mutex_);
    out.swap(stored_);
  }

 private:
  void exec(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(sqlite3_errmsg(database_));
  }
  void prepare(const char* sql, sqlite3_stmt** statement) {
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, nullptr) != SQLITE_OK)
      die(sqlite3_errmsg(database_));
  }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) die(sqlite3_errmsg(database_));
    sqlite3_reset(statement);
  }

  void insert(const Change& change) {
    sqlite3_bind_int64(insert_, 1, change.at);
    sqlite3_bind_text(insert_, 2, change.collection.data(), static_cast<int>(change.collection.size()), SQLITE_STATIC);
    sqlite3_bind_text(insert_, 3, change.key.data(), static_cast<int>(change.key.size()), SQLITE_STATIC);
    step(insert_);
  }

  void work() {
    std::vector<Change> group;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return !queue_.empty(); });
        group.swap(queue_);
      }
      step(begin_);
      for (const Change& change : group) insert(change);
      if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us_));
      step(commit_);
      {
        std::lock_guard lock(mutex_);
        for (Change& change : group) stored_.push_back(std::move(change));
      }
      group.clear();
      uv_async_send(wake_);
    }
  }

  long delay_us_;
  uv_async_t* wake_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt *begin_ = nullptr, *commit_ = nullptr, *insert_ = nullptr;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Change> queue_, stored_;
};

struct Server {
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t listener{};
  uv_async_t wake{};
  llhttp_settings_t settings{};
  Hmac hmac;
  Writer writer;
  std::vector<Change> answering;
  std::vector<char> buffer = std::vector<char>(64 << 10);

  Server(const std::string& secret, const char* path, long delay_us) : hmac(secret), writer(path, delay_us, &wake) {}
};

/// A connection: one request at a time. A change under way keeps it, so that it is freed after both are done.
struct Peer {
  uv_tcp_t tcp{};
  llhttp_t parser{};
  Server* server = nullptr;
  std::string field, signature, body;
  bool in_signature = false, waiting = false, closed = false;
};

/// Keeps `doctype` and `name` of the outermost object.
struct Members : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Members> {
  std::string doctype, name;
  std::string* wanted = nullptr;
  int depth = 0;

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view key(text, size);
    wanted = depth != 1 ? nullptr : key == "doctype" ? &doctype : key == "name" ? &name : nullptr;
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (wanted != nullptr) wanted->assign(text, size);
    wanted = nullptr;
    return true;
  }
  bool StartObject() { return ++depth > 0; }
  bool EndObject(rapidjson::SizeType) { return depth-- > 0; }
};

bool parse(const std::string& body, Members& members) {
  constexpr unsigned kFlags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
  rapidjson::MemoryStream stream(body.data(), body.size());
  rapidjson::Reader reader;
  return !reader.Parse<kFlags>(stream, members).IsError();
}

void send_bytes(Peer& peer, std::string_view bytes) {
  const uv_buf_t buffer = uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  uv_try_write(reinterpret_cast<uv_stream_t*>(&peer.tcp), &buffer, 1);
}

void answer(Peer& peer) {
  static std::time_t shown = 0;
  static char bytes[256];
  static int size = 0;
  if (const std::time_t now = std::time(nullptr); now != shown) {
    char date[64];
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
    size = std::snprintf(bytes, sizeof bytes,
                         "HTTP/1.1 202 Accepted\r\nDate: %s\r\nContent-Length: 14\r\n"
                         "Content-Type: application/json\r\n\r\n{\"accepted\":1}", date);
    shown = now;
  }
  peer.waiting = false;
  if (peer.closed) {
    delete &peer;
    return;
  }
  send_bytes(peer, {bytes, static_cast<std::size_t>(size)});
}

int on_complete(llhttp_t* parser) {
  Peer& peer = *static_cast<Peer*>(parser->data);
  Members members;
  if (!peer.server->hmac.proves(peer.body, peer.signature)) {
    send_bytes(peer, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  } else if (!parse(peer.body, members)) {
    send_bytes(peer, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  } else {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    peer.waiting = true;
    peer.server->writer.add({&peer, std::chrono::duration_cast<std::chrono::microseconds>(now).count(),
                             std::move(members.doctype), std::move(members.name)});
  }
  peer.body.clear();
  peer.signature.clear();
  return 0;
}

void set_up_parser(llhttp_settings_t& settings) {
  llhttp_settings_init(&settings);
  settings.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) {
    static_cast<Peer*>(parser->data)->field.append(at, size);
    return 0;
  };
  settings.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) {
    Peer& peer = *static_cast<Peer*>(parser->data);
    if (peer.field == "X-Frappe-Webhook-Signature") peer.signature.append(at, size);
    return 0;
  };
  settings.on_header_value_complete = [](llhttp_t* parser) {
    static_cast<Peer*>(parser->data)->field.clear();
    return 0;
  };
  settings.on_body = [](llhttp_t* parser, const char* at, std::size_t size) {
    static_cast<Peer*>(parser->data)->body.append(at, size);
    return 0;
  };
  settings.on_message_complete = on_complete;
}

void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  Peer& peer = *static_cast<Peer*>(stream->data);
  if (count > 0 && llhttp_execute(&peer.parser, buffer->base, static_cast<std::size_t>(count)) == HPE_OK) return;
  if (count == 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(stream), [](uv_handle_t* handle) {
    auto* closed = static_cast<Peer*>(handle->data);
    closed->closed = true;
    if (!closed->waiting) delete closed;
  });
}

void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* server = static_cast<Server*>(listener->data);
  auto* peer = new Peer;
  peer->server = server;
  peer->tcp.data = peer;
  uv_tcp_init(server->loop, &peer->tcp);
  uv_accept(listener, reinterpret_cast<uv_stream_t*>(&peer->tcp));
  uv_tcp_nodelay(&peer->tcp, 1);
  llhttp_init(&peer->parser, HTTP_REQUEST, &server->settings);
  peer->parser.data = peer;
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&peer->tcp),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
        auto& shared = static_cast<Peer*>(handle->data)->server->buffer;
        *out = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
      },
      on_read);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) die("PORT DATABASE SECRET [FSYNC_DELAY_US]");
  Server server(argv[3], argv[2], argc > 4 ? std::atol(argv[4]) : 0);
  set_up_parser(server.settings);
  server.wake.data = server.listener.data = &server;
  uv_async_init(server.loop, &server.wake, [](uv_async_t* wake) {
    auto* self = static_cast<Server*>(wake->data);
    self->writer.take_stored(self->answering);
    for (const Change& change : self->answering) answer(*change.peer);
    self->answering.clear();
  });
  sockaddr_in address{};
  uv_ip4_addr("127.0.0.1", std::atoi(argv[1]), &address);
  uv_tcp_init(server.loop, &server.listener);
  uv_tcp_bind(&server.listener, reinterpret_cast<const sockaddr*>(&address), 0);
  const int status = uv_listen(reinterpret_cast<uv_stream_t*>(&server.listener), 511, on_connection);
  if (status != 0) die(uv_strerror(status));
  std::printf("ready\n");
  std::fflush(stdout);
  return uv_run(server.loop, UV_RUN_DEFAULT);
}
