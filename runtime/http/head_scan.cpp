#include "http/head_scan.h"

namespace tidewire::http {

HeadScan::Found HeadScan::bad(std::string_view why) {
  why_ = why;
  return Found::kBad;
}

HeadScan::Found HeadScan::scan(std::string_view head) {
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
