/* SPDX-License-Identifier: MIT
 * The names that programs know volumes and files by: C: and C:\folder\file.
 */
#include "iop.h"

#define IOP_FIRST_NAME 600u                      /* bytes: most names are shorter */

typedef struct IOP_LETTER {
    PCUNICODE_STRING Target;                     /* the volume's own name */
    WCHAR Letter;                                /* 0: none was found */
} IOP_LETTER;

static VOID IopLookAtLink(PVOID Context, PCUNICODE_STRING Name, PCUNICODE_STRING Target)
{
    IOP_LETTER *search = Context;
    BOOLEAN isLetter = Name->Length == 2 * sizeof(WCHAR) && Name->Buffer[1] == L':';

    if (isLetter && (search->Letter == 0 || Name->Buffer[0] < search->Letter) && RtlEqualUnicodeString(Target, search->Target, TRUE))
        search->Letter = Name->Buffer[0];
}

/* The first letter of the volume. STATUS_INVALID_PARAMETER: it has none, or no name either. */
static NTSTATUS IopFindLetter(PDEVICE_OBJECT Volume, PWCHAR Letter)
{
    struct { OBJECT_NAME_INFORMATION Information; WCHAR Text[128]; } name;
    IOP_LETTER search = { &name.Information.Name, 0 };
    ULONG length;

    if (!NT_SUCCESS(ObQueryNameString(Volume, &name.Information, sizeof(name), &length)) || name.Information.Name.Length == 0)
        return STATUS_INVALID_PARAMETER;
    ObEnumerateSymbolicLinks(IopLookAtLink, &search);
    *Letter = search.Letter;
    return search.Letter != 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS NTAPI IoVolumeDeviceToDosName(PVOID VolumeDeviceObject, PUNICODE_STRING DosName)
{
    WCHAR letter;
    NTSTATUS status = IopFindLetter(VolumeDeviceObject, &letter);
    PWCHAR text;

    if (!NT_SUCCESS(status))
        return status;
    text = ExAllocatePoolWithTag(PagedPool, 3 * sizeof(WCHAR), IOP_TAG_NAME);
    if (text == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    text[0] = letter;
    text[1] = L':';
    text[2] = L'\0';
    RtlInitUnicodeString(DosName, text);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlVolumeDeviceToDosName(PVOID VolumeDeviceObject, PUNICODE_STRING DosName)
{
    return IoVolumeDeviceToDosName(VolumeDeviceObject, DosName);
}

/* The file system's name of the file, from its volume's root: in pool, for the caller to free. */
static NTSTATUS IopAskName(PFILE_OBJECT File, PFILE_NAME_INFORMATION *Name)
{
    ULONG bytes = IOP_FIRST_NAME, attempt;
    NTSTATUS status = STATUS_BUFFER_OVERFLOW;

    for (attempt = 0; attempt < 2 && status == STATUS_BUFFER_OVERFLOW; attempt++) {
        *Name = ExAllocatePoolWithTag(PagedPool, bytes, IOP_TAG_NAME);
        if (*Name == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        status = IoQueryFileInformation(File, FileNameInformation, bytes, *Name, NULL);
        bytes = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + (*Name)->FileNameLength;
        if (status != STATUS_SUCCESS)
            ExFreePoolWithTag(*Name, IOP_TAG_NAME);
    }
    return status == STATUS_BUFFER_OVERFLOW ? STATUS_OBJECT_NAME_INVALID : status;
}

/* Letter, colon and name in one block behind the structure that says where. */
static NTSTATUS IopJoinDosName(WCHAR Letter, const FILE_NAME_INFORMATION *Name, POBJECT_NAME_INFORMATION *Joined)
{
    ULONG bytes = 2 * sizeof(WCHAR) + Name->FileNameLength;
    POBJECT_NAME_INFORMATION made;
    PWCHAR text;

    if (bytes > 0xFFFC)
        return STATUS_NAME_TOO_LONG;
    made = ExAllocatePoolWithTag(PagedPool, sizeof(*made) + bytes + sizeof(WCHAR), IOP_TAG_NAME);
    if (made == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    text = (PWCHAR)(made + 1);
    text[0] = Letter;
    text[1] = L':';
    RtlCopyMemory(text + 2, Name->FileName, Name->FileNameLength);
    text[bytes / sizeof(WCHAR)] = L'\0';
    RtlInitUnicodeString(&made->Name, NULL);
    made->Name.Buffer = text;
    made->Name.Length = (USHORT)bytes;
    made->Name.MaximumLength = (USHORT)(bytes + sizeof(WCHAR));
    *Joined = made;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoQueryFileDosDeviceName(PFILE_OBJECT FileObject, POBJECT_NAME_INFORMATION *ObjectNameInformation)
{
    PFILE_NAME_INFORMATION name;
    WCHAR letter;
    NTSTATUS status = IopFindLetter(FileObject->DeviceObject, &letter);

    if (NT_SUCCESS(status))
        status = IopAskName(FileObject, &name);
    if (!NT_SUCCESS(status))
        return status;
    status = IopJoinDosName(letter, name, ObjectNameInformation);
    ExFreePoolWithTag(name, IOP_TAG_NAME);
    return status;
}
