/* SPDX-License-Identifier: MIT
 * The I/O manager's object types.
 */
#include "wmi.h"
#include "completionport.h"
#include "filesystem.h"

#define FO_INDIRECT_WAIT_OBJECT 0x10000000       /* newer headers: FsContext2 is what one waits for */

POBJECT_TYPE IopDeviceObjectType, IopDriverObjectType, IopFileObjectType;

VOID IoInitialize(VOID)
{
    static const OB_TYPE_TEMPLATE device = {
        .Name = L"Device", .ValidAccess = FILE_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_USE_DEFAULT_OBJECT | OB_TYPE_SECURITY_REQUIRED, .Delete = IopDeleteDevice,
        .Parse = IopParseDevice,
    };
    static const OB_TYPE_TEMPLATE driver = {
        .Name = L"Driver", .ValidAccess = FILE_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = OB_NOT_WAITABLE,
        .Mapping = { FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_USE_DEFAULT_OBJECT, .Delete = IopDeleteDriver,
    };
    static const OB_TYPE_TEMPLATE file = {
        .Name = L"File", .ValidAccess = FILE_ALL_ACCESS, .PoolType = NonPagedPoolNx,
        .DefaultOffset = FIELD_OFFSET(FILE_OBJECT, Event),
        .Mapping = { FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS },
        .Flags = OB_TYPE_CASE_INSENSITIVE | OB_TYPE_MAINTAIN_HANDLE_COUNT, .Close = IopCloseFile, .Delete = IopDeleteFile,
        .Parse = IopParseFile, .QueryName = IopQueryFileName, .Security = IopFileSecurity,
    };

    IopDeviceObjectType = ObCreateSystemType(&device);
    IopDriverObjectType = ObCreateSystemType(&driver);
    IopFileObjectType = ObCreateSystemType(&file);
    IopFileObjectType->TypeInfo.InvalidAttributes = OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENLINK;
    IopFileObjectType->TypeInfo.WaitObjectFlagMask = FO_INDIRECT_WAIT_OBJECT;
    IopFileObjectType->TypeInfo.WaitObjectFlagOffset = FIELD_OFFSET(FILE_OBJECT, Flags);
    IopFileObjectType->TypeInfo.WaitObjectPointerOffset = FIELD_OFFSET(FILE_OBJECT, FsContext2);
    IopInitializeLoading();
    IopInitializeFileSystems();
    WmiInitialize();
    IopInitializeCompletionPorts();
    IopServeMm();
    PsUpcalls.CancelThreadIo = IopCancelThreadIo;
    PsUpcalls.PostToPort = IoSetIoCompletion;
    PsUpcalls.PortType = &IopCompletionPortType;
}

PGENERIC_MAPPING NTAPI IoGetFileObjectGenericMapping(VOID) { return &IopFileObjectType->TypeInfo.GenericMapping; }
