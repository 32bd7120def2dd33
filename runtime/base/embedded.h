// embedded.h — the files that ship inside the binary.
//
// scripts/ keeps its paths ("tidewire/mapping.lua"), an example's project stands under "examples/NAME/", the admin page
// under "ui/", the store's tables are "store/schema.sql". They stay source, not bytecode: parsing costs microseconds, and
// what runs can be read and exported. The build packs each and generates the index; looking on disk first is the caller's
// business.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tidewire {

struct EmbeddedFile {
  std::string_view path;
  std::string_view packed;      // by gzip
  std::size_t size;             // of text
  std::string_view sha256_hex;  // of text; fit for an ETag

  /// The bytes as they are; may be binary. Unpacked at each call, under a millisecond; a damaged binary ends the process.
  std::string text() const;
};

/// All of them, sorted by path; they live as long as the process.
std::span<const EmbeddedFile> embedded_files();

/// The file of exactly this path, or nullptr.
const EmbeddedFile* embedded_file(std::string_view path);

}  // namespace tidewire
