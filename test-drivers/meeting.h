/* SPDX-License-Identifier: MIT
 * What meeting.sys offers to programs: its control codes. Included by the driver and by tests/user/meeting.c.
 */
#pragma once

#define MEETING_SIZE 4096u
/* Each answers the complement of its input. */
#define MEETING_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MEETING_OUT_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define MEETING_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS)
/* Answers, in its first four bytes of input and output, the sum of the bytes of its second buffer. */
#define MEETING_IN_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_IN_DIRECT, FILE_ANY_ACCESS)
/* Waits for MEETING_RELEASE, which gives its input to the oldest that waits, or STATUS_NO_MORE_ENTRIES; or for being cancelled. */
#define MEETING_WAIT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MEETING_RELEASE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x805, METHOD_BUFFERED, FILE_ANY_ACCESS)
/* From now on what the caller's children do is noted; the input is the end of a command line that is not let through. */
#define MEETING_WATCH CTL_CODE(FILE_DEVICE_UNKNOWN, 0x806, METHOD_BUFFERED, FILE_ANY_ACCESS)
/* The notes, as text, and none afterwards. */
#define MEETING_NOTES CTL_CODE(FILE_DEVICE_UNKNOWN, 0x807, METHOD_BUFFERED, FILE_ANY_ACCESS)
