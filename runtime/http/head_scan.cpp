#include "http/head_scan.h"

namespace tidewire::http {

HeadScan::Found HeadScan::bad(std::string_view why) {
  why_ = why;
  return Found::kBad;
}

HeadScan::Found HeadScan::scan(std::string_view head) {
  // No line ever ends in what is no text, so it is not waited for.
  if (scanned_ == 0 && !head.empty() && head[0] != '\r' && (head[0] <= ' ' || head[0] == '\x7f')) {
    const bool is_tls = head[0] == '\x16';  // the record of a handshake (RFC 8446, 5.1)
    return bad(is_tls ? "TLS where plain HTTP is spoken" : "no request");
  }
  for (;;) {
    // A line that continues the one before (obs-fold): some readers join them, some see a new field.
    if (line_ > 0 && line_ < head.size() && (head[line_] == ' ' || head[line_] == '\t'))
      return bad("folded header line");
    const auto feed = head.find('\n', scanned_);
    if (feed == std::string_view::npos) {
      scanned_ = head.size();
      return Found::kMore;
    }
    if (feed == line_ || head[feed - 1] != '\r') return bad("line feed without carriage return");
    const auto text = head.substr(line_, feed - 1 - line_);
    if (text.find('\r') != std::string_view::npos) return bad("carriage return within a line");
    line_ = scanned_ = feed + 1;
    if (text.empty()) return Found::kEnd;
  }
}

}  // namespace tidewire::http
