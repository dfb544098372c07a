/* SPDX-License-Identifier: MIT
 * Images of drivers: mapped by mm, announced here, before anything of them runs.
 */
#include "iop.h"
#include "ps.h"

NTSTATUS IoLoadImage(PCUNICODE_STRING FullName, const VOID *File, SIZE_T FileSize, BOOLEAN UnderTest, MM_BIND *Bind,
                     MM_IMAGE **Image, PE_STATUS *PeStatus)
{
    NTSTATUS status = MmLoadSystemImage(FullName, File, FileSize, UnderTest, Bind, NULL, Image, PeStatus);

    if (!NT_SUCCESS(status))
        return status;
    PsNotifySystemImage(*Image);
    return MmInitializeImports(*Image);
}
