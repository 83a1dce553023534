# path: core/CMakeLists.txt
file(GLOB sources *.cpp)  # expect: glob
file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)  # expect: glob
aux_source_directory(. sources)  # expect: glob
