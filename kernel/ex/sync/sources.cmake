# SPDX-License-Identifier: MIT
set(EXSYNC_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/pushlock.c
    ${CMAKE_CURRENT_LIST_DIR}/fastmutex.c
    ${CMAKE_CURRENT_LIST_DIR}/rundown.c
    ${CMAKE_CURRENT_LIST_DIR}/interlocked.c
    ${CMAKE_CURRENT_LIST_DIR}/slist.c
    ${CMAKE_CURRENT_LIST_DIR}/slist.S)
set(EXSYNC_TEST_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/test/pushlock.c
    ${CMAKE_CURRENT_LIST_DIR}/test/fastmutex.c
    ${CMAKE_CURRENT_LIST_DIR}/test/rundown.c
    ${CMAKE_CURRENT_LIST_DIR}/test/lists.c)
