#include "sync/belongings/files.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace tidewire::sync {
namespace {

/// A place and what is there, as one name.
std::string joined(const std::string& place, const std::string& what) { return place + "\n" + what; }

bool shared(const FilesOf& of) {
  const auto verbs = of.verbs.lock();
  return !verbs || verbs->shared();
}

bool believed(const FilesOf& of) {
  const auto verbs = of.verbs.lock();
  return verbs && verbs->same_system();
}

/// The last part of an address or a path, without what follows "?".
std::string last_part(const std::string& ref) {
  const std::string path = ref.substr(0, ref.find_first_of("?#"));
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Error gone(const std::string& ref) {
  return make_error(Code::kNotFound, "the file '" + ref + "' is not there", "put it there again, or take it off the record");
}

/// What went wrong with a file is not what went wrong with its record: nothing of the record was sent, and its key was not asked for.
Error about_file(Error error, const std::string& what) {
  if (error.code == Code::kUnknown) error.code = Code::kUnavailable;
  if (error.code == Code::kNotFound || error.code == Code::kStale || error.code == Code::kBlocked) error.code = Code::kInvalid;
  return std::move(error).context(what);
}

/// Those who wait for what somebody else asked for ask again.
Error asker_gone() { return make_error(Code::kUnavailable, "the mapping that asked for the file was replaced"); }

}  // namespace

/// References of one question, and what is known of them so far.
struct Files::Looking {
  FilesOf of;
  std::vector<std::string> refs;
  std::set<std::string> doubted;
  Found found{};
  std::map<std::string, std::string> marks{};  // of those to be read again
  std::size_t left = 0;
  Done<Found> done{};
};

void Files::look_at(const FilesOf& of, std::vector<std::string> refs, std::set<std::string> doubted, Done<Found> done) {
  auto it = std::make_shared<Looking>(Looking{of, std::move(refs), std::move(doubted)});  // owners: the callbacks below
  it->done = std::move(done);
  store_.files(of.place, believed(of) ? it->refs : std::vector<std::string>{}, [this, alive = alive_, it](Result<std::vector<store::File>> known) {
    if (!*alive) return;
    for (store::File& file : known.ok() ? *known : std::vector<store::File>{}) {
      const std::string ref = file.ref;
      it->found.emplace(ref, std::move(file));
    }
    check_marks(it);
  });
}

/// What a first look shows is taken for the mark of what is known: nobody can tell any more.
void Files::check_marks(std::shared_ptr<Looking> it) {
  const auto verbs = it->of.verbs.lock();
  std::vector<std::string> asked;
  for (const auto& [ref, file] : it->found) {
    if (it->doubted.contains(ref)) asked.push_back(ref);
  }
  if (asked.empty() || !verbs || !verbs->tells_marks()) return read_missing(it);
  verbs->marks(asked, [this, alive = alive_, it, asked](Result<std::map<std::string, std::string>> marks) {
    if (!*alive) return;
    if (!marks.ok()) return it->done(about_file(std::move(marks).error(), "looking whether files were exchanged"));
    for (const std::string& ref : asked) {
      const std::string& mark = (*marks)[ref];
      store::File& file = *it->found.at(ref);
      if (mark.empty() || mark == file.mark) continue;
      if (!file.mark.empty()) {
        it->marks[ref] = mark;
        it->found.erase(ref);
        continue;
      }
      file.mark = mark;
      keep(it->of, file, [](const Result<void>&) {});
    }
    read_missing(it);
  });
}

void Files::read_missing(const std::shared_ptr<Looking>& it) {
  std::vector<std::string> wanted;
  for (const std::string& ref : it->refs) {
    if (!it->found.contains(ref)) wanted.push_back(ref);
  }
  it->left = wanted.size();
  if (wanted.empty()) return it->done(std::move(it->found));
  for (const std::string& ref : wanted) {
    const auto mark = it->marks.find(ref);
    read(it->of, ref, mark == it->marks.end() ? "" : mark->second, [it, ref](Result<store::File> file) {
      it->found.emplace(ref, std::move(file));
      if (--it->left == 0) it->done(std::move(it->found));
    });
  }
}

/// `mark`: of what is there now, "" where it was not asked.
void Files::read(const FilesOf& of, const std::string& ref, const std::string& mark, std::function<void(Result<store::File>)> done) {
  const std::string place = joined(of.place, ref);
  forget_old();
  if (const auto failure = failed_.find(place); failure != failed_.end()) return done(failure->second.error);
  auto& waiting = reading_[place];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  transfer(of.connection, [this, alive = alive_, of, ref, mark](std::function<void()> over) {
    const auto answered = [this, alive, of, ref, mark, over](Result<std::optional<FileContent>> answer) {
      if (!*alive) return;
      took(of, ref, mark, std::move(answer));
      over();
    };
    if (const auto verbs = of.verbs.lock()) verbs->download(ref, answered);
    else answered(asker_gone());
  });
}

void Files::took(const FilesOf& of, const std::string& ref, const std::string& mark, Result<std::optional<FileContent>> answer) {
  const std::string place = joined(of.place, ref);
  const bool is_gone = answer.ok() && !*answer;
  if (is_gone || !answer.ok()) {
    const std::string what = "reading the file '" + ref + "'";
    Error error = is_gone ? gone(ref).context(what) : about_file(std::move(answer).error(), what);
    // What may be well in a moment is asked for again with the next read, which its own backoff puts off.
    if (error.code == Code::kInvalid || is_gone) failed_.insert_or_assign(place, Failure{error, clock_.now()});
    return told(place, error);
  }
  FileContent content = std::move(**answer);
  if (content.name.empty()) content.name = last_part(ref);
  store::File file{of.place, ref, sha256_hex(content.bytes), static_cast<std::int64_t>(content.bytes.size()), content.name, false, mark.empty() ? content.mark : mark};
  remember(file.sha256, std::move(content));
  keep(of, file, [this, alive = alive_, place, file](Result<void> kept) {
    if (*alive) told(place, kept.ok() ? Result<store::File>(file) : Result<store::File>(kept.error()));
  });
}

void Files::keep(const FilesOf& of, store::File file, std::function<void(Result<void>)> done) {
  if (!believed(of)) return done({});
  store_.keep_file(std::move(file), std::move(done));
}

void Files::keep_all(const FilesOf& of, std::vector<store::File> files, std::function<void(Result<void>)> done) {
  if (files.empty()) return done({});
  store::File file = std::move(files.back());
  files.pop_back();
  file.connection = of.place;
  keep(of, std::move(file), [this, alive = alive_, of, files = std::move(files), done = std::move(done)](Result<void> kept) {
    if (!*alive) return;
    if (!kept.ok()) return done(std::move(kept));
    keep_all(of, files, done);
  });
}

/// What we put there, under the system's mark of it. What it does not tell now it tells with the next look.
void Files::keep_marked(const FilesOf& of, std::vector<store::File> files, std::function<void(Result<void>)> done) {
  const auto verbs = of.verbs.lock();
  if (files.empty() || !verbs || !verbs->tells_marks() || !believed(of)) return keep_all(of, std::move(files), std::move(done));
  std::vector<std::string> refs;
  for (const store::File& file : files) refs.push_back(file.ref);
  verbs->marks(std::move(refs), [this, alive = alive_, of, files = std::move(files), done = std::move(done)](Result<std::map<std::string, std::string>> marks) mutable {
    if (!*alive) return;
    for (store::File& file : files) {
      if (marks.ok()) file.mark = (*marks)[file.ref];
    }
    keep_all(of, std::move(files), std::move(done));
  });
}

void Files::know(const FilesOf& of, std::vector<store::File> files, std::function<void()> done) {
  keep_marked(of, std::move(files), [done = std::move(done)](const Result<void>&) { done(); });
}

void Files::told(const std::string& reading, const Result<store::File>& file) {
  const auto waiting = reading_.extract(reading);
  if (waiting.empty()) return;
  for (const auto& done : waiting.mapped()) done(file);
}

// Transfers one after the other -------------------------------------------------------------------------------------------

void Files::transfer(const std::string& connection, std::function<void(std::function<void()>)> work) {
  transfers_[connection].waiting.push_back(std::move(work));
  next(connection);
}

void Files::next(const std::string& connection) {
  Transfers& transfers = transfers_[connection];
  while (transfers.running < kTransfers && !transfers.waiting.empty()) {
    ++transfers.running;
    auto work = std::move(transfers.waiting.front());
    transfers.waiting.pop_front();
    work([this, alive = alive_, connection] {
      if (!*alive) return;
      --transfers_[connection].running;
      next(connection);
    });
  }
}

// Bytes for a moment ------------------------------------------------------------------------------------------------------

void Files::remember(const std::string& sha256, FileContent content) {
  if (content.bytes.size() > kMostBytes || remembered(sha256) != nullptr) return;
  bytes_ += content.bytes.size();
  kept_.push_front({sha256, std::move(content), clock_.now()});
  while (bytes_ > kMostBytes) {
    bytes_ -= kept_.back().content.bytes.size();
    kept_.pop_back();
  }
  if (!timer_) timer_ = timers_.after(kKept, [this] { forget_old(); });
}

const FileContent* Files::remembered(const std::string& sha256) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& one) { return one.sha256 == sha256; });
  if (found == kept_.end()) return nullptr;
  found->at = clock_.now();
  kept_.splice(kept_.begin(), kept_, found);
  return &kept_.front().content;
}

void Files::forget_old() {
  const Instant before = clock_.now() - kKept;
  while (!kept_.empty() && kept_.back().at <= before) {
    bytes_ -= kept_.back().content.bytes.size();
    kept_.pop_back();
  }
  std::erase_if(failed_, [&](const auto& one) { return one.second.at <= before; });
  timer_ = kept_.empty() ? nullptr : timers_.after(kept_.back().at + kKept - clock_.now(), [this] { forget_old(); });
}

// To the other side -------------------------------------------------------------------------------------------------------

/// One content on its way to one connection.
struct Files::Bringing {
  FilesOf to, from;
  std::string sha256, field;
  std::vector<store::File> there, sources;  // where it may be

  std::string name() const { return joined(joined(to.place, from.place), sha256); }
};

void Files::bring(const FilesOf& to, const FilesOf& from, const std::string& sha256, const std::string& field, Done<Uploaded> done) {
  auto it = std::make_shared<Bringing>(Bringing{to, from, sha256, field, {}, {}});  // owners: the callbacks below
  auto& waiting = bringing_[it->name()];
  waiting.push_back(std::move(done));
  if (waiting.size() > 1) return;
  store_.files_with(sha256, [this, alive = alive_, it](Result<std::vector<store::File>> found) {
    if (!*alive) return;
    if (!found.ok()) return brought(it, found.error());
    for (store::File& file : *found) {
      if (file.connection == it->to.place && shared(it->to) && believed(it->to)) it->there.push_back(std::move(file));
      else if (file.connection == it->from.place) it->sources.push_back(std::move(file));
    }
    find_there(it);
  });
}

void Files::find_there(std::shared_ptr<Bringing> it) {
  if (it->there.empty()) return find_bytes(std::move(it));
  const auto verbs = it->to.verbs.lock();
  if (!verbs) return brought(it, asker_gone());
  verbs->still_there(it->there.front().ref, [this, alive = alive_, it, verbs = std::weak_ptr<FileVerbs>(verbs)](Result<std::optional<Value>> value) {
    if (!*alive) return;
    if (!value.ok()) return brought(it, about_file(std::move(value).error(), "looking for the file '" + it->there.front().ref + "'"));
    const store::File file = std::move(it->there.front());
    it->there.erase(it->there.begin());
    if (!*value) return not_there(it, file);
    const Uploaded found{std::move(**value), file.ref, {}};
    const auto asked = verbs.lock();
    if (file.mark.empty() || !asked || !asked->tells_marks()) return brought(it, found);
    asked->marks({file.ref}, [this, alive, it, file, found](Result<std::map<std::string, std::string>> marks) {
      if (!*alive) return;
      if (!marks.ok()) return brought(it, about_file(std::move(marks).error(), "looking at the file '" + file.ref + "'"));
      const std::string& mark = (*marks)[file.ref];
      if (mark.empty() || mark == file.mark) return brought(it, found);
      not_there(it, file);
    });
  });
}

/// It is gone, or another content is there.
void Files::not_there(std::shared_ptr<Bringing> it, const store::File& file) {
  store_.drop_file(file.connection, file.ref, [this, alive = alive_, it = std::move(it)](Result<void>) {
    if (*alive) find_there(it);
  });
}

void Files::find_bytes(std::shared_ptr<Bringing> it) {
  if (const FileContent* content = remembered(it->sha256)) return upload(it, *content);
  if (it->sources.empty()) {
    return brought(it, make_error(Code::kInvalid, "no file with the content " + it->sha256.substr(0, 12) + "… is left in " + it->from.connection + " or " + it->to.connection,
                                  "give the record another file"));
  }
  const store::File source = std::move(it->sources.front());
  it->sources.erase(it->sources.begin());
  transfer(it->from.connection, [this, alive = alive_, it, source](std::function<void()> over) {
    const auto answered = [this, alive, it, source, over](Result<std::optional<FileContent>> answer) {
      if (!*alive) return;
      over();
      if (!answer.ok()) return brought(it, about_file(std::move(answer).error(), "reading the file '" + source.ref + "'"));
      // Of what we put there ourselves the system may have made other bytes; of anything else other bytes are another file.
      const bool ours = *answer && source.uploaded && believed(it->from) && (source.mark.empty() || (*answer)->mark.empty() || (*answer)->mark == source.mark);
      const bool same = *answer && (ours || sha256_hex((*answer)->bytes) == it->sha256);
      if (!same) {
        return store_.drop_file(source.connection, source.ref, [this, alive, it](Result<void>) {
          if (*alive) find_bytes(it);
        });
      }
      FileContent content = std::move(**answer);
      if (content.name.empty()) content.name = source.name;
      remember(it->sha256, content);
      upload(it, std::move(content));
    };
    if (const auto verbs = it->from.verbs.lock()) verbs->download(source.ref, answered);
    else answered(asker_gone());
  });
}

void Files::upload(std::shared_ptr<Bringing> it, FileContent content) {
  transfer(it->to.connection, [this, alive = alive_, it, content = std::move(content)](std::function<void()> over) mutable {
    const std::string name = content.name.empty() ? it->sha256.substr(0, 16) : content.name;
    content.name = name;
    const auto size = static_cast<std::int64_t>(content.bytes.size());
    const auto answered = [this, alive, it, name, size, over](Result<Uploaded> answer) {
      if (!*alive) return;
      over();
      if (!answer.ok()) return brought(it, about_file(std::move(answer).error(), "uploading the file '" + name + "'"));
      if (answer->ref.empty()) return brought(it, answer);
      keep_marked(it->to, {{it->to.place, answer->ref, it->sha256, size, name, true}}, [this, alive, it, uploaded = *answer](Result<void> kept) {
        if (*alive) brought(it, kept.ok() ? Result<Uploaded>(uploaded) : Result<Uploaded>(kept.error()));
      });
    };
    if (const auto verbs = it->to.verbs.lock()) verbs->upload({it->field, it->sha256, std::move(content)}, answered);
    else answered(asker_gone());
  });
}

void Files::brought(const std::shared_ptr<Bringing>& it, const Result<Uploaded>& answer) {
  const auto waiting = bringing_.extract(it->name());
  if (waiting.empty()) return;
  for (const auto& done : waiting.mapped()) done(answer);
}

}  // namespace tidewire::sync
