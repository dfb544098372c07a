/* SPDX-License-Identifier: MIT
 * What a C++ driver runs when it calls a pure virtual function: the end of the machine, in words.
 */
#include "rtlp.h"

void _purecall(void);

void _purecall(void)
{
    DbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_ERROR_LEVEL, "a pure virtual function was called from %p\n",
               __builtin_return_address(0));
    KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED, (ULONG)STATUS_NOT_IMPLEMENTED, (ULONG_PTR)__builtin_return_address(0), 0, 0);
}
