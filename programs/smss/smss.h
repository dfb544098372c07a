/* SPDX-License-Identifier: MIT
 * What the kernel and the session manager say to each other: messages of a pipe, whose client end is the session manager's standard
 * input. The kernel asks for one program after the other; each answer comes when the program has ended. The kernel's end closes: no more.
 */
#pragma once

#define SMSS_LONGEST_NAME 64u                    /* characters, with the zero */
#define SMSS_LONGEST_COMMAND 0x800u

/* Texts end with a zero. Input, Output and Error are names of files as the namespace has them. */
typedef struct SMSS_PROGRAM {
    WCHAR Input[SMSS_LONGEST_NAME], Output[SMSS_LONGEST_NAME], Error[SMSS_LONGEST_NAME];
    WCHAR CommandLine[SMSS_LONGEST_COMMAND];
} SMSS_PROGRAM;

typedef struct SMSS_RESULT {
    NTSTATUS Status;                             /* of starting it */
    NTSTATUS ExitStatus;
} SMSS_RESULT;
