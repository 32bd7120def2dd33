# How every target of ours is compiled and linked.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The same flag for libraries and programs, so that they can share a precompiled header.
add_compile_options(-fPIE)
add_link_options(-pie)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# Without the directory in the hash one ccache serves several build folders.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# ccache may find an object by what the preprocessor leaves of its source. A precompiled header must not be found so: it
# knows its headers by their bytes, and after a change to a comment alone g++ would take each of them for another file and
# read it twice.
function(precompiled_header target)
  if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES ccache)
    set_target_properties(${target} PROPERTIES
      CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_DEPEND=1;${CMAKE_CXX_COMPILER_LAUNCHER}")
  endif()
  target_precompile_headers(${target} PRIVATE ${ARGN})
endfunction()

# Link steps want memory more than processors.
set_property(GLOBAL APPEND PROPERTY JOB_POOLS links=2)
set(CMAKE_JOB_POOL_LINK links)

add_library(tidewire_flags INTERFACE)
target_include_directories(tidewire_flags INTERFACE ${PROJECT_SOURCE_DIR}/runtime ${PROJECT_SOURCE_DIR})
target_compile_definitions(tidewire_flags INTERFACE TIDEWIRE_VERSION="${PROJECT_VERSION}")
target_compile_options(tidewire_flags INTERFACE -Wall -Wextra)
target_link_libraries(tidewire_flags INTERFACE Threads::Threads)
if(TIDEWIRE_WERROR)
  target_compile_options(tidewire_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 warns of overlaps and overruns inside its own std::string once it optimises.
  target_compile_options(tidewire_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized
    -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=dangling-pointer)
  if(TIDEWIRE_UNITY)  # a class with a member from its own file's anonymous namespace looks included there
    target_compile_options(tidewire_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endif()
if(TIDEWIRE_SANITIZE)
  target_compile_options(tidewire_flags INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  target_compile_definitions(tidewire_flags INTERFACE TIDEWIRE_SANITIZE=1)
  target_link_options(tidewire_flags INTERFACE -fsanitize=address,undefined)
endif()
if(TIDEWIRE_STATIC)
  target_compile_options(tidewire_flags INTERFACE -ffunction-sections -fdata-sections)
endif()

if(TIDEWIRE_PCH)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch.cpp CONTENT "")
  add_library(tidewire_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
  target_link_libraries(tidewire_pch PRIVATE tidewire_flags)
  precompiled_header(tidewire_pch <algorithm> <chrono> <cstdint> <functional> <map> <memory>
    <optional> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(tidewire_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

# Our flags, our include paths, the unity and PCH options.
function(tidewire_compile target)
  target_link_libraries(${target} PUBLIC tidewire_flags)
  if(TIDEWIRE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
  if(TIDEWIRE_PCH)
    target_precompile_headers(${target} REUSE_FROM tidewire_pch)
  endif()
endfunction()

function(tidewire_link_program target)
  if(TIDEWIRE_STATIC)
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,-z,relro,-z,now)
    # Functions of the same code stand there once: 240 KB of 15 MB.
    find_program(TIDEWIRE_GOLD ld.gold)
    if(TIDEWIRE_GOLD)
      target_link_options(${target} PRIVATE -fuse-ld=gold -Wl,--icf=safe)
    endif()
  endif()
endfunction()
