/* SPDX-License-Identifier: MIT
 * How long a file is.
 */
#include "fsrtl.h"
#include "io.h"

NTSTATUS NTAPI FsRtlGetFileSize(PFILE_OBJECT FileObject, PLARGE_INTEGER FileSize)
{
    FILE_STANDARD_INFORMATION standard = { .Directory = FALSE };
    NTSTATUS status = IoQueryFileInformation(FileObject, FileStandardInformation, sizeof(standard), &standard, NULL);

    if (NT_SUCCESS(status) && standard.Directory)
        return STATUS_FILE_IS_A_DIRECTORY;
    if (NT_SUCCESS(status))
        *FileSize = standard.EndOfFile;
    return status;
}
