/* SPDX-License-Identifier: MIT
 * How the loader gives up: one sentence that says what is wrong and what to do.
 */
#pragma once

/* A line on the firmware's console and COM1, while there is a firmware. */
void TellPerson(const char *Text);

/* Writes "petrel: cannot boot: <sentence>." to the firmware's console and COM1, and as events to COM2; then leaves QEMU with
 * status 39. Elsewhere waits for a key and returns to the firmware, with all memory given back. The sentence starts in lower case
 * and has no full stop; formats are those of TextFormat. */
_Noreturn __attribute__((format(printf, 1, 2))) void FailBoot(const char *Sentence, ...);
