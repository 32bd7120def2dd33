// client_transfer.h — inside the client: libcurl's multi handle on the loop, and one exchange on one of its handles.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <curl/curl.h>

#include "http/client.h"
#include "http/exchange_rules.h"
#include "loop/alarm.h"
#include "loop/poll.h"

namespace tidewire::http {

// curl_slist is a linked list that its owner frees whole.
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// What libcurl knows of an exchange; T() where it does not know yet.
template <typename T>
T info_of(CURL* easy, CURLINFO what) {
  T value{};
  curl_easy_getinfo(easy, what, &value);
  return value;
}

/// libcurl's multi handle: it names the descriptors and the time it waits for, the loop tells it what came.
struct Client::State {
  State(loop::Loop& loop_in, ClientOptions options_in);
  ~State();

  loop::Loop& loop;
  ClientOptions options;
  std::string ca_file;
  CURLM* multi = nullptr;
  loop::Alarm alarm;
  std::vector<std::unique_ptr<loop::Poll>> polls;  // by descriptor
  std::vector<CURL*> spare;
  std::unordered_set<Transfer*> transfers;  // owned by their callers
  Stats stats;
  bool* gone = nullptr;  // set while user code runs, which may destroy the Client

  /// A handle with nothing set, a spare one where there is one.
  CURL* take_handle();
  void give_handle(CURL* easy);
  /// Tells libcurl what happened (CURL_SOCKET_TIMEOUT: its time came) and hands out what is done then.
  void drive(curl_socket_t fd, int events);
  /// libcurl wants to know of `fd`: a CURL_POLL_ word.
  void watch(curl_socket_t fd, int what);
};

/// One exchange: its hops, its deadline, its answer.
class Client::Transfer final : public Client::Call {
 public:
  Transfer(State& state, Exchange exchange, Done done);
  ~Transfer() override { leave(); }

  void on_result(CURLcode code);
  /// Ends it without an answer.
  void leave();
  /// Passes kRequestSent once the last byte of a request that changes something has left.
  void note_sent();

 private:
  void begin();
  void configure();
  void configure_body();
  void configure_mail(const Mail& mail);
  std::size_t on_read(char* at, std::size_t most);
  bool follow();
  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  int on_sending();
  void on_deadline();
  void stop_hop();
  void finish(Result<Response> result);
  Progress progress() const;
  Error failure(CURLcode code) const;
  Error error(Code code, const std::string& what) const;
  void decoded();

  State* state_;
  Exchange exchange_;
  Done done_;
  CURL* easy_ = nullptr;
  HeaderList headers_;
  Response response_;
  bool in_body_ = false;
  bool too_big_ = false;
  bool sent_ = false;  // kept only while kRequestSent is armed
  int sendings_ = 0;  // in this hop
  int redirects_ = 0;
  HeaderList recipients_;  // of a mail
  std::size_t read_ = 0;   // of its body
  std::unique_ptr<Timer> timer_;
  char curl_words_[CURL_ERROR_SIZE] = "";
};

}  // namespace tidewire::http
