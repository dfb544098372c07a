/* SPDX-License-Identifier: MIT
 * The program that process_create_exit starts: it ends.
 */
#include "native.h"

void Begin(void);
void Begin(void) { NtTerminateProcess(NATIVE_PROCESS, 0); }
