#include "sql/mysql.h"

#include <sys/socket.h>

#include <utility>

#ifdef TIDEWIRE_MARIADB
#include "base/text.h"
#include "loop/poll.h"
#include "sql/mysql_library.h"
#include "sql/mysql_values.h"
#include "sql/sqlstate.h"
#else
#include "sql/absent.h"
#endif

namespace tidewire::sql {

#ifdef TIDEWIRE_MARIADB
namespace {

constexpr unsigned kBinaryCharset = 63;

MysqlForm form_of(const MYSQL_FIELD& field) {
  switch (field.type) {
    case MYSQL_TYPE_TINY: case MYSQL_TYPE_SHORT: case MYSQL_TYPE_LONG: case MYSQL_TYPE_LONGLONG: case MYSQL_TYPE_INT24: case MYSQL_TYPE_YEAR:
    case MYSQL_TYPE_FLOAT: case MYSQL_TYPE_DOUBLE: case MYSQL_TYPE_DECIMAL: case MYSQL_TYPE_NEWDECIMAL: return MysqlForm::kNumber;
    case MYSQL_TYPE_JSON: return MysqlForm::kJson;
    case MYSQL_TYPE_BIT: case MYSQL_TYPE_GEOMETRY: return MysqlForm::kBinary;
    case MYSQL_TYPE_TINY_BLOB: case MYSQL_TYPE_MEDIUM_BLOB: case MYSQL_TYPE_LONG_BLOB: case MYSQL_TYPE_BLOB: case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_STRING: case MYSQL_TYPE_VARCHAR: return field.charsetnr == kBinaryCharset ? MysqlForm::kBinary : MysqlForm::kText;
    default: return MysqlForm::kText;
  }
}

/// A connection that outlives its session while a pool thread still makes it.
struct Link {
  const MysqlLibrary* library = nullptr;
  MYSQL* mysql = nullptr;
  ~Link() {
    if (mysql != nullptr) library->close(mysql);
  }
  Error error(bool sent) const {
    const unsigned number = library->number(mysql);
    return make_error(code_of_mysql(number, sent), std::to_string(number) + ": " + library->error(mysql));
  }
};

/// A value that does not fit is an error, never a nearer one; zero dates stay readable. Only MariaDB ends a write that takes too
/// long, and only MariaDB reads this kind of comment.
std::string first_words(const MysqlOptions& options) {
  const double seconds = std::chrono::duration<double>(options.statement_time).count();
  return "set session sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', time_zone='+00:00'" +
         format("/*M!100100 , max_statement_time=%.3f */", seconds);
}

/// On a pool thread.
Result<void> connect(Link& link, const MysqlOptions& options) {
  link.library = TRY(MysqlLibrary::get());
  const MysqlLibrary& library = *link.library;
  link.mysql = library.init(nullptr);
  if (link.mysql == nullptr) return make_error(Code::kUnavailable, "no connection: out of memory");
  const unsigned seconds = static_cast<unsigned>(std::max<std::int64_t>(1, options.connect_time / std::chrono::seconds(1)));
  library.options(link.mysql, MYSQL_OPT_NONBLOCK, nullptr);
  library.options(link.mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  library.options(link.mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  library.options(link.mysql, MYSQL_INIT_COMMAND, first_words(options).c_str());
  const my_bool on = 1, off = 0;
  const bool encrypted = options.tls == "require" || options.tls == "verify";
  library.options(link.mysql, MYSQL_OPT_SSL_ENFORCE, encrypted ? &on : &off);
  library.options(link.mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, options.tls == "verify" ? &on : &off);
  if (!options.ca_file.empty() && encrypted) library.options(link.mysql, MYSQL_OPT_SSL_CA, options.ca_file.c_str());
  const auto text = [](const std::string& value) { return value.empty() ? nullptr : value.c_str(); };
  const MYSQL* made = library.connect(link.mysql, options.host.c_str(), options.user.c_str(), options.password.c_str(), text(options.database),
                                      options.port, text(options.socket), CLIENT_FOUND_ROWS);
  if (made == nullptr) {
    Error error = link.error(false);
    if (error.code == Code::kInvalid) error.code = Code::kUnavailable;  // an unknown database, not a wrong record
    return std::move(error).context("no connection");
  }
  // The library goes on in the clear where the server offers no TLS, whatever MYSQL_OPT_SSL_ENFORCE says.
  if (encrypted && library.cipher(link.mysql) == nullptr) {
    return make_error(Code::kUnavailable, "no connection: the server offers no TLS",
                      "switch TLS on there; tls = \"off\" goes without, for networks where nobody listens");
  }
  return {};
}

class MysqlSession final : public Session {
 public:
  MysqlSession(loop::Loop& loop, MysqlOptions options) : loop_(loop), options_(std::move(options)), alive_(std::make_shared<bool>(true)) {}
  ~MysqlSession() override {
    *alive_ = false;
    poll_.reset();
    leave_result();
  }

  void open(Opened done) override;
  void run(Request request, Database::Done done) override;
  bool usable() const override { return step_ == Step::kIdle; }

 private:
  enum class Step { kNew, kIdle, kQuery, kRows, kBroken };
  void next();
  void query(std::string text);
  void wait(int status);
  void go_on(int events);
  void asked();
  void read_rows();
  bool take_row();
  void broken(Error error);
  void leave_result();
  void end(Result<std::vector<Rows>> result);
  void idle();

  loop::Loop& loop_;
  MysqlOptions options_;
  Step step_ = Step::kNew;
  std::shared_ptr<Link> link_ = std::make_shared<Link>();  // owners: this and the connecting under way
  std::unique_ptr<loop::Poll> poll_;
  std::unique_ptr<Timer> timer_;
  Request request_;
  std::vector<std::string> texts_;
  std::size_t at_ = 0;
  bool sent_ = false;
  std::vector<Rows> rows_;
  std::size_t bytes_ = 0;  // of them
  Database::Done done_;
  int failed_ = 0;
  MYSQL_RES* result_ = nullptr;  // whose rows are being read
  MYSQL_ROW row_ = nullptr;
  std::shared_ptr<bool> alive_;  // owners: this and the connecting under way
};

void MysqlSession::open(Opened done) {
  auto outcome = std::make_shared<Result<void>>();  // owners: the two callbacks
  loop_.work([link = link_, options = options_, outcome] { *outcome = connect(*link, options); },
             [this, alive = alive_, outcome, done = std::move(done)] {
               if (!*alive) return;
               step_ = outcome->ok() ? Step::kIdle : Step::kBroken;
               if (outcome->ok()) idle();
               done(std::move(*outcome));
             });
}

/// Between requests the server says nothing but goodbye.
void MysqlSession::idle() {
  poll_ = std::make_unique<loop::Poll>(loop_, link_->library->socket(link_->mysql));
  poll_->set(true, false, [this](bool, bool) {
    step_ = Step::kBroken;
    poll_.reset();
  });
}

void MysqlSession::run(Request request, Database::Done done) {
  poll_.reset();
  request_ = std::move(request);
  done_ = std::move(done);
  rows_.clear();
  texts_.clear();
  at_ = 0;
  sent_ = false;
  bytes_ = 0;
  const auto escape = [this](const std::string& text) {
    std::string out(text.size() * 2 + 1, '\0');
    out.resize(link_->library->escape(link_->mysql, out.data(), text.data(), text.size()));
    return out;
  };
  const bool several = request_.statements.size() > 1;
  if (several) texts_.push_back("start transaction");
  for (const Statement& statement : request_.statements) {
    auto text = mysql_text(statement.text, statement.parameters, escape);
    if (!text.ok()) {
      return loop_.post([this, alive = alive_, error = std::move(text).error()] {
        if (*alive) end(error);
      });
    }
    texts_.push_back(std::move(*text));
  }
  if (several) texts_.push_back("commit");
  loop_.post([this, alive = alive_] {
    if (*alive) next();
  });
}

void MysqlSession::next() {
  if (at_ < texts_.size()) {
    step_ = Step::kQuery;
    sent_ = request_.writes;
    return wait(link_->library->query_start(&failed_, link_->mysql, texts_[at_].data(), texts_[at_].size()));
  }
  step_ = Step::kIdle;
  if (request_.statements.size() > 1) {  // without what the transaction itself answered
    rows_.erase(rows_.begin());
    rows_.pop_back();
  }
  idle();
  end(std::move(rows_));
}

void MysqlSession::wait(int status) {
  if (status == 0) {
    poll_.reset();
    timer_.reset();
    if (step_ == Step::kQuery) return asked();
    if (take_row()) read_rows();
    return;
  }
  if (!poll_) poll_ = std::make_unique<loop::Poll>(loop_, link_->library->socket(link_->mysql));
  poll_->set((status & MYSQL_WAIT_READ) != 0, (status & MYSQL_WAIT_WRITE) != 0, [this](bool readable, bool writable) { go_on((readable ? MYSQL_WAIT_READ : 0) | (writable ? MYSQL_WAIT_WRITE : 0)); });
  if ((status & MYSQL_WAIT_TIMEOUT) != 0) timer_ = loop_.after(std::chrono::milliseconds(link_->library->timeout(link_->mysql)), [this] { go_on(MYSQL_WAIT_TIMEOUT); });
}

void MysqlSession::go_on(int events) {
  const MysqlLibrary& library = *link_->library;
  wait(step_ == Step::kQuery ? library.query_cont(&failed_, link_->mysql, events) : library.row_cont(&row_, result_, events));
}

void MysqlSession::asked() {
  if (failed_ != 0) {
    Error error = link_->error(sent_);
    // In a transaction nothing counts before its COMMIT, and leaving the session takes back what was done.
    const bool committing = at_ + 1 == texts_.size();
    if (error.code == Code::kUnknown && texts_.size() > 1 && !committing) error.code = Code::kUnavailable;
    const bool over = texts_.size() > 1 || error.code == Code::kUnknown || error.code == Code::kUnavailable;
    step_ = over ? Step::kBroken : Step::kIdle;
    if (!over) idle();
    return end(std::move(error));
  }
  // Row by row: the library would keep an answer whole, however large it is.
  const MysqlLibrary& library = *link_->library;
  rows_.emplace_back();
  result_ = library.use_result(link_->mysql);
  if (result_ == nullptr) {
    if (library.expected_fields(link_->mysql) > 0) return broken(link_->error(sent_));
    rows_.back().affected = static_cast<std::int64_t>(library.affected(link_->mysql));
    ++at_;
    return next();
  }
  for (unsigned column = 0; column < library.field_count(result_); ++column) rows_.back().columns.emplace_back(library.fields(result_)[column].name);
  step_ = Step::kRows;
  read_rows();
}

void MysqlSession::read_rows() {
  do {
    const int status = link_->library->row_start(&row_, result_);
    if (status != 0) return wait(status);
  } while (take_row());
}

/// False once there is none to come.
bool MysqlSession::take_row() {
  const MysqlLibrary& library = *link_->library;
  Rows& rows = rows_.back();
  if (row_ == nullptr) {
    if (library.number(link_->mysql) != 0) return broken(link_->error(sent_)), false;
    library.free_result(std::exchange(result_, nullptr));
    rows.affected = static_cast<std::int64_t>(rows.rows.size());
    ++at_;
    return next(), false;
  }
  const unsigned long* lengths = library.lengths(result_);
  const MYSQL_FIELD* fields = library.fields(result_);
  auto& values = rows.rows.emplace_back();
  std::size_t texts = 0;
  for (std::size_t column = 0; column < rows.columns.size(); ++column) {
    if (row_[column] == nullptr) {
      values.emplace_back();
      continue;
    }
    texts += lengths[column];
    values.push_back(mysql_value(form_of(fields[column]), {row_[column], lengths[column]}));
  }
  bytes_ += kept_bytes(values.size(), texts);
  if (bytes_ > request_.max_bytes) return broken(too_large(request_)), false;
  return true;
}

/// What is left of the answer is not read: the session goes with it.
void MysqlSession::broken(Error error) {
  step_ = Step::kBroken;
  poll_.reset();
  leave_result();
  rows_.clear();
  end(std::move(error));
}

/// The library reads a result to its end before it lets go of it, so the end comes first.
void MysqlSession::leave_result() {
  if (result_ == nullptr) return;
  ::shutdown(link_->library->socket(link_->mysql), SHUT_RDWR);
  link_->library->free_result(std::exchange(result_, nullptr));
}

void MysqlSession::end(Result<std::vector<Rows>> result) {
  if (done_) std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace

std::unique_ptr<Database> open_mysql(loop::Loop& loop, MysqlOptions options, PoolOptions pool) {
  return std::make_unique<Pool>(loop, [&loop, options] { return std::make_unique<MysqlSession>(loop, options); }, pool);
}

#else

std::unique_ptr<Database> open_mysql(loop::Loop& loop, MysqlOptions, PoolOptions pool) {
  const Error why = make_error(Code::kUnavailable, "this program was built without the headers of libmariadb", "build it where libmariadb-dev is installed");
  return std::make_unique<Pool>(loop, [&loop, why] { return std::make_unique<AbsentSession>(loop, why); }, pool);
}

#endif

}  // namespace tidewire::sql
