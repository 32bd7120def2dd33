// with_files.h — a collection whose records name files: read, a reference is what is in the file, {sha256, name, size}, so that two
// sides are equal where their files are; written, it is a reference to a file with that content, which is copied first where the side
// has none. What a list of rows holds keeps the reference that its row has. A file that could not be read is {ref, failed: {code, message, hint}}, which no pass takes for a value (merge/canonical.cpp): its key
// waits or is a dead letter, and nothing is written over what it names. Whether a content was exchanged behind its reference is asked for what a page of the
// list shows, and for a record that is read under another version than before: not for each look at it, and not for the echo of a write.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sync/belongings/files.h"
#include "sync/ports.h"

namespace tidewire::sync {

class WithFiles final : public Endpoint {
 public:
  struct Path {
    std::string path;     // dotted; where there is a list, of one of its rows
    bool redact = false;  // what goes wrong with it is not told: names of files may tell whose they are
    FilesOf theirs;       // the files of the field on the other side
    std::string list{};   // the field, dotted, that is a list of rows; "" of a field of the record
  };
  /// `own` and `files` outlive this. `mine` are the collection's files.
  WithFiles(Endpoint& own, Files& files, FilesOf mine, std::vector<Path> paths);
  ~WithFiles() override { *alive_ = false; }

  const Capabilities& capabilities() const override { return able_ ? *able_ : own_.capabilities(); }
  Duration clock_offset() const override { return own_.clock_offset(); }
  bool same_system() const override { return own_.same_system(); }
  std::optional<Duration> blocked() const override { return own_.blocked(); }
  bool silent_since(Instant at) const override { return own_.silent_since(at); }

  void read(std::vector<std::string> keys, Done<std::vector<Record>> done) override;
  void list(std::optional<Value> cursor, int limit, Done<ListPage> done) override;
  void count(Done<std::optional<std::int64_t>> done) override { own_.count(std::move(done)); }
  void start(Done<Value> done) override { own_.start(std::move(done)); }
  void changes(Value cursor, int limit, Done<ChangesPage> done) override;
  void find(std::vector<Query> queries, Done<std::vector<std::vector<Record>>> done) override;
  void create(std::vector<CreateRequest> requests, Done<std::vector<Result<Record>>> done) override;
  void update(std::string key, Value values, std::optional<std::string> guard, Done<Record> done) override;
  void update_many(std::vector<UpdateRequest> requests, Done<std::vector<Result<Record>>> done) override;
  bool makes(const Value& values) const override { return own_.makes(values); }
  void remove(std::string key, std::optional<std::string> guard, Done<Answered> done) override { own_.remove(std::move(key), std::move(guard), std::move(done)); }
  void trash(std::string key, Done<std::optional<Record>> done) override;
  void put_back(std::string key, Done<Record> done) override { own_.put_back(std::move(key), with_files(std::move(done))); }
  void act(std::string key, std::string verb, std::optional<std::string> guard, Done<Record> done) override { own_.act(std::move(key), std::move(verb), std::move(guard), with_files(std::move(done))); }
  void children(std::string field, std::vector<Value> values, Done<std::vector<Record>> done) override { own_.children(std::move(field), std::move(values), with_all_files(std::move(done))); }
  void owners(std::string part, std::string key, Done<std::vector<std::string>> done) override { own_.owners(std::move(part), std::move(key), std::move(done)); }

 private:
  /// One field of a record, or of a row of it, that names a file.
  struct Place {
    std::size_t path = 0;
    std::size_t row = 0;
  };
  /// What may be sent of one record, with what was said to bring its files there.
  struct Ready {
    Value values = Object{};
    Exchanges exchanges{};
    std::vector<std::pair<Place, store::File>> put{};  // whose references the record shows when it is written
  };
  /// Which records may name a file whose content was exchanged.
  enum class Doubt { kNone, kMoved, kAll };
  void attach(std::vector<Record> records, Doubt doubt, Done<std::vector<Record>> done);
  void attach_whole(std::vector<Record> records, std::function<void(std::vector<Record>)> done);
  bool has_moved(const Record& record) const;
  void seen(const Record& record);
  Done<Record> with_files(Done<Record> done);
  Done<std::vector<Record>> with_all_files(Done<std::vector<Record>> done);
  void attach_each(std::vector<Result<Record>> made, std::function<void(std::vector<Result<Record>>)> done);
  Value* holder(Value& fields, const Place& place) const;
  std::vector<Place> places_in(const Value& fields) const;
  std::vector<store::File> shown(Record record, const std::vector<std::pair<Place, store::File>>& put) const;
  void prepare(Ready so_far, std::vector<Place> left, std::function<void(Result<Ready>)> done);
  void prepare_all(std::vector<Value> values, std::function<void(std::vector<Result<Ready>>)> done);
  template <typename Request, typename Send>
  void write(std::vector<Request> requests, Done<std::vector<Result<Record>>> done, Send send);

  Endpoint& own_;
  Files& files_;
  FilesOf mine_;
  std::vector<Path> paths_;
  std::optional<Capabilities> able_;  // where they are not those of the collection
  std::map<std::string, std::string> seen_;  // by key the version under which its files were looked at last
  std::deque<std::string> order_;            // the keys as they came
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
