/* SPDX-License-Identifier: MIT
 * What file systems share, for the other components. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"

/* Exported as FsRtlLegalAnsiCharacterArray: FSRTL_..._LEGAL and FSRTL_WILD_CHARACTER of the ASCII characters. */
extern const UCHAR *const FsRtlpLegalAnsiCharacterArray;

/* As the file's own file system does it by fast I/O; FALSE: it does not, and a request must. IRQL <= APC_LEVEL. */
BOOLEAN NTAPI FsRtlMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                           PIO_STATUS_BLOCK IoStatus);
BOOLEAN NTAPI FsRtlPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG LockKey, PMDL *MdlChain,
                                   PIO_STATUS_BLOCK IoStatus);

extern const struct KE_TEST_GROUP FsRtlNameTests, FsRtlDbcsTests, FsRtlLockTests, FsRtlNotifyTests, FsRtlOplockTests,
    FsRtlOplockBreakTests, FsRtlFastTests, FsRtlMcbTests, FsRtlTunnelTests;
