# Writes BLOB (all files end to end, each packed by gzip) and INDEX (path, place in the blob, size, SHA-256; sorted by path)
# from LIST, whose lines are "path file": a space sorts before whatever a path goes on with. Run by cmake -P at build time.
file(STRINGS ${LIST} lines)
set(parts "")
set(rows "")
set(offset 0)
file(MAKE_DIRECTORY ${BLOB}.parts)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([^ ]+) (.+)$" matched "${line}")
  set(path "${CMAKE_MATCH_1}")
  set(file "${CMAKE_MATCH_2}")
  file(SIZE "${file}" size)
  file(SHA256 "${file}" digest)
  set(part ${BLOB}.parts/${offset})
  execute_process(COMMAND gzip -9nc INPUT_FILE "${file}" OUTPUT_FILE ${part} COMMAND_ERROR_IS_FATAL ANY)
  file(SIZE ${part} packed)
  list(APPEND parts ${part})
  string(APPEND rows "    {\"${path}\", {tidewire_embedded_blob + ${offset}, ${packed}}, ${size}, \"${digest}\"},\n")
  math(EXPR offset "${offset} + ${packed}")
endforeach()
execute_process(COMMAND ${CMAKE_COMMAND} -E cat ${parts} OUTPUT_FILE ${BLOB} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${BLOB}.parts)
list(LENGTH parts count)
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
