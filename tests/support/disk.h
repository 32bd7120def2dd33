// disk.h — the files of a system in memory, with the faults that real ones have.
#pragma once

#include "base/hash.h"
#include "sync/belongings/with_files.h"

namespace tidewire::test {

/// The files of one system: what is put there is called by its content, as in a bucket.
class Disk final : public sync::FileVerbs {
 public:
  Disk(Poster& poster, std::string prefix) : poster_(poster), prefix_(std::move(prefix)) {}

  void download(std::string ref, sync::Done<std::optional<sync::FileContent>> done) override {
    ++downloads;
    if (broken) return fail(done, *broken);
    const auto file = files.find(ref);
    const auto content = file == files.end() ? std::optional<sync::FileContent>() : std::optional(sync::FileContent{file->second, "", "text/plain", tells ? mark_of(file->second) : ""});
    poster_.post([done, content] { done(content); });
  }
  void still_there(std::string ref, sync::Done<std::optional<Value>> done) override {
    ++looks;
    const auto value = files.contains(ref) ? std::optional<Value>(Value(ref)) : std::nullopt;
    poster_.post([done, value] { done(value); });
  }
  bool tells_marks() const override { return tells; }
  void marks(std::vector<std::string> refs, sync::Done<std::map<std::string, std::string>> done) override {
    ++questions;
    if (silent) return fail(done, *silent);
    std::map<std::string, std::string> all;
    for (const std::string& ref : refs) {
      if (files.contains(ref)) all[ref] = mark_of(files.at(ref));
    }
    poster_.post([done, all] { done(all); });
  }
  void upload(sync::FileUpload file, sync::Done<sync::Uploaded> done) override {
    ++uploads;
    if (refused) return fail(done, *refused);
    std::string ref = prefix_ + (is_shared ? file.sha256.substr(0, 8) : std::to_string(uploads)) + "/" + file.content.name;
    while (stored_as.empty() && files.contains(ref) && files.at(ref) != file.content.bytes) ref += "'";  // nothing is written over
    files[ref] = stored_as.empty() ? file.content.bytes : stored_as;
    if (std::exchange(lose_answer, false)) return fail(done, make_error(Code::kUnknown, "the answer was lost"));
    poster_.post([done, ref, told = is_shared ? ref : ""] { done(sync::Uploaded{Value(ref), told, {}}); });
  }

  std::map<std::string, std::string> files;  // by reference
  std::optional<Error> broken, refused, silent;  // what a download, an upload, a question for marks is answered
  std::string stored_as;                     // what the system makes of every upload
  bool lose_answer = false;
  bool same = true;
  bool tells = false;  // another content behind the same reference
  int downloads = 0, uploads = 0, looks = 0, questions = 0;
  bool same_system() const override { return same; }
  bool is_shared = true;
  bool shared() const override { return is_shared; }

 private:
  static std::string mark_of(const std::string& bytes) { return sha256_hex("mark of " + bytes).substr(0, 8); }
  template <typename T>
  void fail(const sync::Done<T>& done, const Error& error) {
    poster_.post([done, error] { done(error); });
  }
  Poster& poster_;
  std::string prefix_;
};

}  // namespace tidewire::test
