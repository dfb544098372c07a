/* SPDX-License-Identifier: MIT
 * A driver's service: what its key below \Registry\Machine\System\CurrentControlSet\Services says.
 */
#pragma once
#include "iop.h"

#define IOP_SERVICE_CHARACTERS 128u              /* of a name, and of an image's path, with its end; as many as MM_IMAGE keeps */

#define IOP_SERVICE_PATH_CHARACTERS (IOP_SERVICE_CHARACTERS + 64u)             /* of its key's path */

typedef struct IOP_SERVICE {
    UNICODE_STRING Name;                         /* the key's last component */
    UNICODE_STRING ImagePath;                    /* complete: from \ on */
    UNICODE_STRING ImageName;                    /* its last component */
    ULONG Type;                                  /* SERVICE_KERNEL_DRIVER ... */
    WCHAR NameBuffer[IOP_SERVICE_CHARACTERS], PathBuffer[IOP_SERVICE_CHARACTERS];
} IOP_SERVICE;

/* Reads the service whose key has that path; Path is captured when Mode says so. STATUS_INVALID_PARAMETER: the path leads elsewhere;
 * STATUS_OBJECT_NAME_NOT_FOUND: no such key; STATUS_ILL_FORMED_SERVICE_ENTRY: a value is missing or means nothing. PASSIVE_LEVEL. */
NTSTATUS IopReadService(PUNICODE_STRING Path, KPROCESSOR_MODE Mode, IOP_SERVICE *Service);
/* A REG_DWORD. STATUS_OBJECT_NAME_NOT_FOUND: there is no such value; STATUS_ILL_FORMED_SERVICE_ENTRY: it is something else. */
NTSTATUS IopQueryNumber(HANDLE Key, PCWSTR Name, PULONG Number);
extern const UNICODE_STRING IopServicesKey;      /* ends with a backslash */

/* The bytes of its image in pool: of the job's files if one has that name, else of the file that ImagePath leads to (imagefile.c). */
NTSTATUS IopReadImageFile(const IOP_SERVICE *Service, PVOID *Bytes, PULONG Size);
/* \Driver\Name, or \FileSystem\Name, referenced. */
NTSTATUS IopReferenceDriver(PCUNICODE_STRING Name, PDRIVER_OBJECT *Driver);
