#include "base/embedded.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>

namespace tidewire {

std::string EmbeddedFile::text() const {
  std::string plain(size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(size);
  constexpr int kGzip = 16 + MAX_WBITS;
  const bool whole = inflateInit2(&stream, kGzip) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  if (whole) return plain;
  std::fprintf(stderr, "tidewire: %.*s inside this binary cannot be unpacked: the binary is damaged, install it again\n", static_cast<int>(path.size()), path.data());
  std::abort();
}

}  // namespace tidewire
