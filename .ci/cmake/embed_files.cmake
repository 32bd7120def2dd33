# Writes BLOB (all files end to end) and INDEX (path, offset, size, SHA-256; sorted by path) from LIST, whose lines
# are "path|file". Run by cmake -P at build time.
file(STRINGS ${LIST} lines)
set(files "")
set(rows "")
set(offset 0)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([^|]+)\\|(.+)$" matched "${line}")
  set(path "${CMAKE_MATCH_1}")
  set(file "${CMAKE_MATCH_2}")
  file(SIZE "${file}" size)
  file(SHA256 "${file}" digest)
  list(APPEND files "${file}")
  string(APPEND rows "    {\"${path}\", {tidewire_embedded_blob + ${offset}, ${size}}, \"${digest}\"},\n")
  math(EXPR offset "${offset} + ${size}")
endforeach()
if(files)
  execute_process(COMMAND ${CMAKE_COMMAND} -E cat ${files} OUTPUT_FILE ${BLOB} COMMAND_ERROR_IS_FATAL ANY)
else()
  file(WRITE ${BLOB} "")
endif()
list(LENGTH files count)
file(WRITE ${INDEX} "// Generated: what the blob holds, sorted by path.
#include \"base/embedded.h\"

#include <algorithm>
#include <array>

extern \"C\" const char tidewire_embedded_blob[];

namespace tidewire {
namespace {
const std::array<EmbeddedFile, ${count}> kFiles = {{
${rows}}};
}  // namespace

std::span<const EmbeddedFile> embedded_files() { return kFiles; }

const EmbeddedFile* embedded_file(std::string_view path) {
  auto found = std::lower_bound(kFiles.begin(), kFiles.end(), path,
                                [](const EmbeddedFile& file, std::string_view wanted) { return file.path < wanted; });
  return found != kFiles.end() && found->path == path ? &*found : nullptr;
}

}  // namespace tidewire
")
