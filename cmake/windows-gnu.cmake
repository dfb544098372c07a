# SPDX-License-Identifier: MIT
# Toolchain for everything that runs in the machine: PE32+ by clang-19 and lld-link-19 (ADR 0001).
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_ASM_COMPILER clang-19)
set(CMAKE_AR llvm-ar-19)
set(CMAKE_RANLIB llvm-ranlib-19)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER_TARGET x86_64-w64-windows-gnu)
set(CMAKE_ASM_COMPILER_TARGET x86_64-w64-windows-gnu)
set(CMAKE_EXECUTABLE_SUFFIX "")
# lld-link directly: clang's gnu driver would speak the MinGW dialect, which knows no PDB options.
set(CMAKE_C_LINK_EXECUTABLE "lld-link-19 <OBJECTS> /out:<TARGET> <LINK_FLAGS> <LINK_LIBRARIES>")
set(CMAKE_C_RESPONSE_FILE_LINK_FLAG "@")
