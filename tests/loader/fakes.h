/* SPDX-License-Identifier: MIT
 * Stand-ins for what the loader's firmware-facing files call: FailBoot comes back as a caught sentence.
 */
#pragma once
#include "check.h"
#include "../../efi-loader/firmware.h"

extern char FailSentence[1024];
extern jmp_buf FailTarget;

/* Runs Call; true when it ended in FailBoot, with the sentence in FailSentence. */
#define FAILS(Call) (setjmp(FailTarget) == 0 ? ((Call), false) : true)

/* How many pages AllocateScratch has given out and not got back. */
extern uint64_t ScratchPages;
