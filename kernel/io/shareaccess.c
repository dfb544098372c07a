/* SPDX-License-Identifier: MIT
 * Share access: who has a file open for what, and what they let others do. The caller guards the SHARE_ACCESS.
 */
#include "iop.h"

/* An open that wants none of these does not count. */
static BOOLEAN IopWantsSharing(const FILE_OBJECT *File) { return File->ReadAccess || File->WriteAccess || File->DeleteAccess; }

static VOID IopNoteAccess(PFILE_OBJECT File, ACCESS_MASK Access, ULONG Share)
{
    BOOLEAN wants;

    File->ReadAccess = (Access & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
    File->WriteAccess = (Access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    File->DeleteAccess = (Access & DELETE) != 0;
    wants = IopWantsSharing(File);
    File->SharedRead = wants && (Share & FILE_SHARE_READ) != 0;
    File->SharedWrite = wants && (Share & FILE_SHARE_WRITE) != 0;
    File->SharedDelete = wants && (Share & FILE_SHARE_DELETE) != 0;
}

static BOOLEAN IopConflicts(const FILE_OBJECT *File, const SHARE_ACCESS *Share)
{
    return (File->ReadAccess && Share->SharedRead < Share->OpenCount) || (File->WriteAccess && Share->SharedWrite < Share->OpenCount) ||
           (File->DeleteAccess && Share->SharedDelete < Share->OpenCount) || (Share->Readers != 0 && !File->SharedRead) ||
           (Share->Writers != 0 && !File->SharedWrite) || (Share->Deleters != 0 && !File->SharedDelete);
}

static VOID IopCount(const FILE_OBJECT *File, PSHARE_ACCESS Share, LONG Step)
{
    Share->OpenCount += Step;
    Share->Readers += File->ReadAccess ? Step : 0;
    Share->Writers += File->WriteAccess ? Step : 0;
    Share->Deleters += File->DeleteAccess ? Step : 0;
    Share->SharedRead += File->SharedRead ? Step : 0;
    Share->SharedWrite += File->SharedWrite ? Step : 0;
    Share->SharedDelete += File->SharedDelete ? Step : 0;
}

NTSTATUS NTAPI IoCheckShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                                  PSHARE_ACCESS ShareAccess, BOOLEAN Update)
{
    IopNoteAccess(FileObject, DesiredAccess, DesiredShareAccess);
    if (!IopWantsSharing(FileObject))
        return STATUS_SUCCESS;
    if (IopConflicts(FileObject, ShareAccess))
        return STATUS_SHARING_VIOLATION;
    if (Update)
        IopCount(FileObject, ShareAccess, 1);
    return STATUS_SUCCESS;
}

/* The first open. */
VOID NTAPI IoSetShareAccess(ACCESS_MASK DesiredAccess, ULONG DesiredShareAccess, PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    IopNoteAccess(FileObject, DesiredAccess, DesiredShareAccess);
    RtlZeroMemory(ShareAccess, sizeof(*ShareAccess));
    if (IopWantsSharing(FileObject))
        IopCount(FileObject, ShareAccess, 1);
}

VOID NTAPI IoUpdateShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    if (IopWantsSharing(FileObject))
        IopCount(FileObject, ShareAccess, 1);
}

VOID NTAPI IoRemoveShareAccess(PFILE_OBJECT FileObject, PSHARE_ACCESS ShareAccess)
{
    if (IopWantsSharing(FileObject))
        IopCount(FileObject, ShareAccess, -1);
}
