# SPDX-License-Identifier: MIT
# The run-time library's sources, for the kernel. (Its host tests, test/host/, name the portable ones.)
file(GLOB RTL_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c ${CMAKE_CURRENT_LIST_DIR}/*.S ${CMAKE_CURRENT_LIST_DIR}/test/*.c)
