# scripts/, the admin page and the store's schema inside the binary: one blob of packed files (2.1 MB become 0.7) taken in
# by .incbin plus a generated index, so an edited script costs the blob, the index and a link, never a C array of megabytes.
set(embed_dir ${PROJECT_BINARY_DIR}/embedded)
set(embed_list ${embed_dir}/files.txt)
set(embed_blob ${embed_dir}/blob.bin)
set(embed_index ${embed_dir}/index.cpp)
set(embed_entries "")
set(embed_files "")

# Files below `directory`, known as `prefix` + their path in it.
macro(embed_directory directory prefix)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/${directory} ${PROJECT_SOURCE_DIR}/${directory}/*)
  list(FILTER found EXCLUDE REGEX "(^|/)\\.|~$|README\\.md$")
  foreach(name IN LISTS found)
    list(APPEND embed_entries "${prefix}${name} ${PROJECT_SOURCE_DIR}/${directory}/${name}")
    list(APPEND embed_files ${PROJECT_SOURCE_DIR}/${directory}/${name})
  endforeach()
endmacro()

embed_directory(scripts "")
embed_directory(runtime/admin/ui "ui/")
file(GLOB examples CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/examples/*/project)
foreach(example IN LISTS examples)
  string(REGEX REPLACE "^examples/(.*)/project$" "\\1" name ${example})
  embed_directory(${example} "examples/${name}/")
endforeach()
file(GLOB steps CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/runtime ${PROJECT_SOURCE_DIR}/runtime/store/steps/*.sql)
foreach(name IN ITEMS store/schema.sql ${steps} admin/schemas.json)
  list(APPEND embed_entries "${name} ${PROJECT_SOURCE_DIR}/runtime/${name}")
  list(APPEND embed_files ${PROJECT_SOURCE_DIR}/runtime/${name})
endforeach()
list(SORT embed_entries)
list(JOIN embed_entries "\n" embed_text)
file(CONFIGURE OUTPUT ${embed_list} CONTENT "${embed_text}" @ONLY)

add_custom_command(
  OUTPUT ${embed_blob} ${embed_index}
  COMMAND ${CMAKE_COMMAND} -DLIST=${embed_list} -DBLOB=${embed_blob} -DINDEX=${embed_index}
          -P ${PROJECT_SOURCE_DIR}/.ci/cmake/embed_files.cmake
  DEPENDS ${embed_list} ${embed_files} ${PROJECT_SOURCE_DIR}/.ci/cmake/embed_files.cmake
  COMMENT "embedding scripts" VERBATIM)

file(CONFIGURE OUTPUT ${embed_dir}/blob.S @ONLY CONTENT [[
.section .rodata
.balign 16
.global tidewire_embedded_blob
.type tidewire_embedded_blob, %object
tidewire_embedded_blob:
.incbin "@embed_blob@"
.byte 0
.size tidewire_embedded_blob, . - tidewire_embedded_blob
.section .note.GNU-stack,"",%progbits
]])
set_source_files_properties(${embed_dir}/blob.S PROPERTIES OBJECT_DEPENDS ${embed_blob})
add_library(tidewire_embedded STATIC ${embed_dir}/blob.S ${embed_index})
target_link_libraries(tidewire_embedded PUBLIC tidewire_flags)
