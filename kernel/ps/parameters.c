/* SPDX-License-Identifier: MIT
 * Process parameters: from the program that starts another, or from the kernel, into a block of the new process.
 *
 *      RTL_USER_PROCESS_PARAMETERS | strings, each with a terminating zero | environment
 */
#include "user.h"

#define PSP_NORMALIZED 1u                        /* Flags: the pointers are pointers, not offsets */
#define PSP_LARGEST_PARAMETERS 0x100000u
#define TAG_PARAMETERS 'rPsP'

static const USHORT PspStringOffsets[PspParameterStrings] = {
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, DllPath), FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, ImagePathName),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, CommandLine), FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, WindowTitle),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, DesktopInfo), FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, ShellInfo),
    FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, RuntimeData), FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, CurrentDirectory),
};

static PUNICODE_STRING PspStringIn(RTL_USER_PROCESS_PARAMETERS *Block, ULONG Index)
{
    return (PUNICODE_STRING)((PCHAR)Block + PspStringOffsets[Index]);
}

/* ---- From a program ---- */
static SIZE_T PspSizeOfStrings(const PSP_PARAMETERS *Parameters)
{
    SIZE_T size = 0;
    ULONG i;
    for (i = 0; i < PspParameterStrings; i++)
        size += Parameters->Strings[i].Length + sizeof(WCHAR);
    return size;
}

/* The strings' own fields are captured; their text goes into the block. */
static NTSTATUS PspCaptureTexts(const VOID *User, PSP_PARAMETERS *Parameters)
{
    PUCHAR at = Parameters->Block;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = 0; NT_SUCCESS(status) && i < PspParameterStrings; i++) {
        PUNICODE_STRING string = &Parameters->Strings[i];
        const UCHAR *from;
        if (string->Buffer == NULL)              /* which is not the same as an empty one */
            continue;
        from = (const UCHAR *)string->Buffer + (Parameters->Fixed.Flags & PSP_NORMALIZED ? 0 : (ULONG64)User);
        status = string->Length != 0 ? PspReadUser(at, from, string->Length) : STATUS_SUCCESS;
        *string = (UNICODE_STRING){ string->Length, (USHORT)(string->Length + sizeof(WCHAR)), (PWSTR)at };
        at += string->Length;
        *(WCHAR UNALIGNED *)at = L'\0';
        at += sizeof(WCHAR);
    }
    if (NT_SUCCESS(status))
        status = PspReadUser(at, Parameters->Fixed.Environment, Parameters->EnvironmentSize);
    Parameters->Environment = at;
    return status;
}

NTSTATUS PspCaptureParameters(const VOID *User, PSP_PARAMETERS *Parameters)
{
    SIZE_T size;
    ULONG i;
    NTSTATUS status = PspReadUser(&Parameters->Fixed, User, sizeof(Parameters->Fixed));

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < PspParameterStrings; i++) {
        Parameters->Strings[i] = *PspStringIn(&Parameters->Fixed, i);
        Parameters->Strings[i].Length = min(Parameters->Strings[i].Length, 0xFFFC) & ~1u;
    }
    Parameters->EnvironmentSize = Parameters->Fixed.Environment != NULL ? Parameters->Fixed.EnvironmentSize : 0;
    if (Parameters->EnvironmentSize > PSP_LARGEST_PARAMETERS)
        return STATUS_INVALID_PARAMETER;
    size = PspSizeOfStrings(Parameters) + Parameters->EnvironmentSize;
    Parameters->Block = ExAllocatePoolWithTag(PagedPool, size, TAG_PARAMETERS);
    if (Parameters->Block == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = PspCaptureTexts(User, Parameters);
    if (!NT_SUCCESS(status))
        PspReleaseParameters(Parameters);
    return status;
}

VOID PspReleaseParameters(PSP_PARAMETERS *Parameters)
{
    if (Parameters->Block != NULL)
        ExFreePoolWithTag(Parameters->Block, TAG_PARAMETERS);
    Parameters->Block = NULL;
}

/* ---- Into a process ---- */
/* The block as it is to lie at Base. */
static VOID PspLayOut(const PSP_PARAMETERS *Parameters, RTL_USER_PROCESS_PARAMETERS *Block, ULONG64 Base, SIZE_T Size)
{
    PUCHAR at = (PUCHAR)(Block + 1);
    ULONG i;

    *Block = Parameters->Fixed;
    Block->MaximumLength = Block->Length = (ULONG)(Size - Parameters->EnvironmentSize);
    Block->Flags |= PSP_NORMALIZED;
    Block->CurrentDirectory.Handle = NULL;
    for (i = 0; i < PspParameterStrings; i++) {
        USHORT bytes = Parameters->Strings[i].Length;
        if (Parameters->Strings[i].Buffer == NULL) {
            *PspStringIn(Block, i) = (UNICODE_STRING){ 0, 0, NULL };
            continue;
        }
        *PspStringIn(Block, i) = (UNICODE_STRING){ bytes, (USHORT)(bytes + sizeof(WCHAR)), (PWSTR)(Base + (ULONG64)(at - (PUCHAR)Block)) };
        RtlCopyMemory(at, Parameters->Strings[i].Buffer, bytes);
        at += bytes + sizeof(WCHAR);
    }
    RtlCopyMemory(at, Parameters->Environment, Parameters->EnvironmentSize);
    Block->Environment = Parameters->EnvironmentSize != 0 ? (PVOID)(Base + (ULONG64)(at - (PUCHAR)Block)) : NULL;
    Block->EnvironmentSize = Parameters->EnvironmentSize;
}

NTSTATUS PspWriteParameters(const PSP_PARAMETERS *Parameters, PVOID *Address)
{
    SIZE_T size = sizeof(RTL_USER_PROCESS_PARAMETERS) + PspSizeOfStrings(Parameters) + Parameters->EnvironmentSize, room = size;
    RTL_USER_PROCESS_PARAMETERS *block = ExAllocatePoolWithTag(PagedPool, size, TAG_PARAMETERS);
    PVOID base = NULL;
    NTSTATUS status;

    if (block == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(block, size);
    status = MmAllocateUserMemory(&base, 0, &room, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(status)) {
        PspLayOut(Parameters, block, (ULONG64)base, size);
        status = PspWriteUser(base, block, size);
    }
    ExFreePoolWithTag(block, TAG_PARAMETERS);
    *Address = base;
    return status;
}
