// files.h — what references to files name, by content, for all mappings of a process.
//
// A reference says nothing of what is in the file, so it is read once and its hash kept (store: files). Another file gets another reference in most systems.
// Where a content can be exchanged behind its reference (an object that is overwritten in its bucket, media that a plugin replaces), the system's mark of
// it is kept beside the hash, and where it shows another one the file is read again. Without marks a changed file behind the same reference goes unnoticed. The bytes of what was
// read stay in memory for a moment, because what is read is mostly about to be written to the other side; what does not fit is read a second time then.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"
#include "sync/ports.h"

namespace tidewire::sync {

/// Whose files. Verbs that are gone (their mapping was edited) answer kUnavailable.
struct FilesOf {
  std::string connection;
  std::string place;  // within which a reference names one file: the connection, or a bucket of it
  std::weak_ptr<FileVerbs> verbs;
};

class Files {
 public:
  static constexpr std::size_t kMostBytes = 64u << 20;                  // kept in memory
  static constexpr Duration kKept = std::chrono::seconds(60);           // also what is gone or too large is not asked for again before
  static constexpr int kTransfers = 2;                                  // at once and connection: each is several times in the memory of its script

  Files(store::Store& store, Timers& timers, const Clock& clock) : store_(store), timers_(timers), clock_(clock) {}
  ~Files() { *alive_ = false; }

  /// What is known of the files behind these references, each read at most once. A file that could not be read has its error: kInvalid
  /// where it is too large, kNotFound where it is gone. While another system answers than the first one (law 16) nothing that is kept counts, and nothing is kept.
  /// `doubted`: of these a content may have been exchanged since it was read. An error: it is not known whether one was.
  using Found = std::map<std::string, Result<store::File>>;
  void look_at(const FilesOf& of, std::vector<std::string> refs, std::set<std::string> doubted, Done<Found> done);

  /// What names a file with this content in `to`: one that is there, else it is copied from `from`, once for all who want it at the same time. kInvalid
  /// where no file with it is left on either side. An upload whose outcome nobody knows is kUnavailable: no record names it, and the next one finds it.
  /// Files that are not shared are copied for each record.
  void bring(const FilesOf& to, const FilesOf& from, const std::string& sha256, const std::string& field, Done<Uploaded> done);

  /// Keeps what was put there by references that only the written records show. What cannot be kept is read again.
  void know(const FilesOf& of, std::vector<store::File> files, std::function<void()> done);

 private:
  struct Bringing;
  struct Looking;
  void check_marks(std::shared_ptr<Looking> it);
  void read_missing(const std::shared_ptr<Looking>& it);
  void read(const FilesOf& of, const std::string& ref, const std::string& mark, std::function<void(Result<store::File>)> done);
  void took(const FilesOf& of, const std::string& ref, const std::string& mark, Result<std::optional<FileContent>> answer);
  void keep(const FilesOf& of, store::File file, std::function<void(Result<void>)> done);
  void keep_all(const FilesOf& of, std::vector<store::File> files, std::function<void(Result<void>)> done);
  void keep_marked(const FilesOf& of, std::vector<store::File> files, std::function<void(Result<void>)> done);
  void told(const std::string& reading, const Result<store::File>& file);
  void transfer(const std::string& connection, std::function<void(std::function<void()>)> work);
  void next(const std::string& connection);
  void remember(const std::string& sha256, FileContent content);
  const FileContent* remembered(const std::string& sha256);
  void forget_old();

  void find_there(std::shared_ptr<Bringing> it);
  void not_there(std::shared_ptr<Bringing> it, const store::File& file);
  void find_bytes(std::shared_ptr<Bringing> it);
  void upload(std::shared_ptr<Bringing> it, FileContent content);
  void brought(const std::shared_ptr<Bringing>& it, const Result<Uploaded>& answer);

  struct Kept {
    std::string sha256;
    FileContent content;
    Instant at;
  };
  struct Failure {
    Error error;
    Instant at;
  };
  struct Transfers {
    int running = 0;
    std::deque<std::function<void(std::function<void()>)>> waiting;
  };
  store::Store& store_;
  Timers& timers_;
  const Clock& clock_;
  std::list<Kept> kept_;  // the one used last first
  std::size_t bytes_ = 0;
  std::unique_ptr<Timer> timer_;
  std::map<std::string, Failure> failed_;                                                   // by place and reference
  std::map<std::string, std::vector<std::function<void(Result<store::File>)>>> reading_;    // likewise
  std::map<std::string, std::vector<Done<Uploaded>>> bringing_;                             // by both places and the content
  std::map<std::string, Transfers> transfers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
