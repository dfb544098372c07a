/* SPDX-License-Identifier: MIT
 * Creating named pipes and mailslots: files like others, but with parameters of their own.
 */
#include "iop.h"

#define IOP_DEFAULT_PIPE_TIMEOUT (-50 * 10000ll) /* what 0 means to Win32 programs */

NTSTATUS NTAPI NtCreateNamedPipeFile(PHANDLE FileHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                     PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions,
                                     ULONG NamedPipeType, ULONG ReadMode, ULONG CompletionMode, ULONG MaximumInstances,
                                     ULONG InboundQuota, ULONG OutboundQuota, PLARGE_INTEGER DefaultTimeout)
{
    NAMED_PIPE_CREATE_PARAMETERS pipe = { NamedPipeType, ReadMode, CompletionMode, MaximumInstances, InboundQuota, OutboundQuota };
    NTSTATUS status;

    if (CreateDisposition == FILE_OVERWRITE_IF && ObPreviousMode() != KernelMode && PsFlavour->LoosePipes)
        CreateDisposition = FILE_OPEN_IF;
    if (DefaultTimeout != NULL) {
        pipe.TimeoutSpecified = TRUE;
        status = MmReadCaller(ObPreviousMode(), &pipe.DefaultTimeout, DefaultTimeout, sizeof(*DefaultTimeout));
        if (!NT_SUCCESS(status))
            return status;
        if (pipe.DefaultTimeout.QuadPart == 0 && ObPreviousMode() != KernelMode && PsFlavour->LoosePipes)
            pipe.DefaultTimeout.QuadPart = IOP_DEFAULT_PIPE_TIMEOUT;
    }
    return IoCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0, ShareAccess, CreateDisposition,
                        CreateOptions, NULL, 0, CreateFileTypeNamedPipe, &pipe, 0);
}

NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE FileHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                    PIO_STATUS_BLOCK IoStatusBlock, ULONG CreateOptions, ULONG MailslotQuota,
                                    ULONG MaximumMessageSize, PLARGE_INTEGER ReadTimeout)
{
    MAILSLOT_CREATE_PARAMETERS mailslot = { MailslotQuota, MaximumMessageSize };
    NTSTATUS status;

    if (ReadTimeout != NULL) {
        mailslot.TimeoutSpecified = TRUE;
        status = MmReadCaller(ObPreviousMode(), &mailslot.ReadTimeout, ReadTimeout, sizeof(*ReadTimeout));
        if (!NT_SUCCESS(status))
            return status;
    }
    return IoCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE,
                        FILE_CREATE, CreateOptions, NULL, 0, CreateFileTypeMailslot, &mailslot, 0);
}
