/* SPDX-License-Identifier: MIT
 * What drivers call before and after transfers. x86-64 keeps caches coherent with devices, so that a fence does.
 */
#include "ki.h"

VOID NTAPI KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
VOID NTAPI KeFlushWriteBuffer(VOID) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
