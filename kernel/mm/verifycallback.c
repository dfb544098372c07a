/* SPDX-License-Identifier: MIT
 * Which images may be told of processes and handles.
 */
#include "mm.h"

#define MI_FORCE_INTEGRITY 0x0080u               /* IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY */

BOOLEAN MmAllowUnsignedCallbacks;                /* - boot option */

BOOLEAN MmVerifyCallbackFunction(PVOID Routine)
{
    MM_IMAGE *image = MmImageOfAddress((ULONG64)Routine);
    return MmAllowUnsignedCallbacks || (image != NULL && (image->Pe.DllCharacteristics & MI_FORCE_INTEGRITY));
}
