# path: core/CMakeLists.txt
file(READ version.txt version)
tidemark_library(core SOURCES time.cpp)
