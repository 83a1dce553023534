# What every target of ours is compiled with. -Werror is in the presets, so that a newer compiler does not break a packager.

add_library(tidemark_options INTERFACE)
target_include_directories(tidemark_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tidemark_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wformat=2)
# A library that is linked and not used would cost each start of the client its loading.
target_link_options(tidemark_options INTERFACE LINKER:--as-needed)
target_compile_definitions(tidemark_options INTERFACE
  TIDEMARK_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A precompiled header is the same whenever its sources are, which is what lets ccache reuse what was built with it.
  target_compile_options(tidemark_options INTERFACE -Xclang -fno-pch-timestamp)
endif()

find_program(TIDEMARK_CCACHE ccache)
if(TIDEMARK_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${TIDEMARK_CCACHE})
endif()

# tidemark_library(name SOURCES … LINK …): one static library for each folder.
function(tidemark_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC tidemark_options ${ARG_LINK})
endfunction()

# tidemark_test(name SOURCES … LINK … [LABELS …]): one doctest program for each folder under tests/.
function(tidemark_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tidemark_options tests_main ${ARG_LINK})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 4")
  endif()
  # Freed memory that a sanitizer holds back counts for those who measure how much they take.
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "ASAN_OPTIONS=quarantine_size_mb=8")
endfunction()

# tidemark_on_postgres(prefix test GATE … SOAK … [ARGUMENTS …]): the same test on other major versions of PostgreSQL than the
# one that is installed.
function(tidemark_on_postgres prefix test)
  cmake_parse_arguments(ARG "" "" "GATE;SOAK;ARGUMENTS" ${ARGN})
  foreach(version ${ARG_GATE} ${ARG_SOAK})
    set(suite soak)
    if(version IN_LIST ARG_GATE)
      set(suite full)
    endif()
    add_test(NAME ${prefix}_${version}
      COMMAND ${PROJECT_SOURCE_DIR}/tests/support/on-postgres.sh ${version} $<TARGET_FILE:${test}> ${ARG_ARGUMENTS})
    set_tests_properties(${prefix}_${version} PROPERTIES LABELS "${suite};postgres" SKIP_RETURN_CODE 77 TIMEOUT 1200)
  endforeach()
endfunction()
