/* SPDX-License-Identifier: MIT
 * The end of a path on a device: a file object is made and the device's stack is asked to open it (IRP_MJ_CREATE). A path that
 * goes on from an open file (RootDirectory) ends on that file's device.
 */
#include "filesystem.h"

typedef struct IOP_CREATE {                      /* one IRP_MJ_CREATE */
    IOP_OPEN *Open;
    PDEVICE_OBJECT Device;                       /* named; counted in its ReferenceCount */
    PVPB Vpb;                                    /* of the volume on it, referenced; NULL: the device itself is opened */
    BOOLEAN Direct;                              /* the device itself although it could carry a volume */
    PFILE_OBJECT File;
    IO_SECURITY_CONTEXT Security;
    KPROCESSOR_MODE Mode;
    ULONG Attributes;
    IO_STATUS_BLOCK Result;
} IOP_CREATE;

/* ---- The file object ---- */
static ULONG IopFileFlags(const IOP_CREATE *Create)
{
    ULONG options = Create->Open->CreateOptions, flags = 0;

    if (options & (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT))
        flags |= FO_SYNCHRONOUS_IO;
    if (options & FILE_SYNCHRONOUS_IO_ALERT)
        flags |= FO_ALERTABLE_IO;
    if (options & FILE_NO_INTERMEDIATE_BUFFERING)
        flags |= FO_NO_INTERMEDIATE_BUFFERING;
    if (options & FILE_WRITE_THROUGH)
        flags |= FO_WRITE_THROUGH;
    if (options & FILE_SEQUENTIAL_ONLY)
        flags |= FO_SEQUENTIAL_ONLY;
    if (options & FILE_RANDOM_ACCESS)
        flags |= FO_RANDOM_ACCESS;
    if (!(Create->Attributes & OBJ_CASE_INSENSITIVE))
        flags |= FO_OPENED_CASE_SENSITIVE;
    if (Create->Direct)
        flags |= FO_DIRECT_DEVICE_OPEN;
    return flags;
}

static NTSTATUS IopCopyFileName(PFILE_OBJECT File, PCUNICODE_STRING Name)
{
    if (Name->Length == 0)
        return STATUS_SUCCESS;
    File->FileName.MaximumLength = (USHORT)min(Name->Length + sizeof(WCHAR), 0xFFFE);
    File->FileName.Buffer = ExAllocatePoolWithTag(PagedPool, File->FileName.MaximumLength, IOP_TAG_NAME);
    if (File->FileName.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(File->FileName.Buffer, Name->Buffer, Name->Length);
    if (File->FileName.MaximumLength > Name->Length)
        File->FileName.Buffer[Name->Length / sizeof(WCHAR)] = L'\0';
    File->FileName.Length = Name->Length;
    return STATUS_SUCCESS;
}

static NTSTATUS IopMakeFile(IOP_CREATE *Create, PCUNICODE_STRING Name)
{
    PFILE_OBJECT file;
    PVOID object;
    NTSTATUS status = ObCreateUnnamedObject(IopFileObjectType, Create->Mode, sizeof(FILE_OBJECT), &object);

    if (!NT_SUCCESS(status))
        return status;
    file = object;
    file->Type = IO_TYPE_FILE;
    file->Size = sizeof(FILE_OBJECT);
    file->Flags = IopFileFlags(Create);
    KeInitializeEvent(&file->Lock, SynchronizationEvent, FALSE);
    KeInitializeEvent(&file->Event, NotificationEvent, FALSE);
    KeInitializeSpinLock(&file->IrpListLock);
    InitializeListHead(&file->IrpList);
    status = IopCopyFileName(file, Name);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(file);
        return status;
    }
    file->RelatedFileObject = Create->Open->RelatedFileObject;
    if (file->RelatedFileObject != NULL)
        ObfReferenceObject(file->RelatedFileObject);
    file->DeviceObject = Create->Device;
    file->Vpb = Create->Vpb;
    Create->File = file;
    return STATUS_SUCCESS;
}

/* The create failed: the file object never stood for anything. */
static VOID IopForgetFile(IOP_CREATE *Create)
{
    PFILE_OBJECT file = Create->File;
    file->DeviceObject = NULL;
    file->Vpb = NULL;
    ObfDereferenceObject(file);
}

/* ---- The request ---- */
static UCHAR IopCreateMajor(const IOP_OPEN *Open)
{
    switch (Open->FileType) {
    case CreateFileTypeNamedPipe: return IRP_MJ_CREATE_NAMED_PIPE;
    case CreateFileTypeMailslot: return IRP_MJ_CREATE_MAILSLOT;
    default: return IRP_MJ_CREATE;
    }
}

static NTSTATUS IopFillCreate(IOP_CREATE *Create, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetNextIrpStackLocation(Irp);
    IOP_OPEN *open = Create->Open;
    NTSTATUS status;

    Irp->Flags = IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API | IRP_DEFER_IO_COMPLETION;
    Irp->RequestorMode = Create->Mode;
    Irp->Tail.Overlay.Thread = PsCurrentThread();
    Irp->Tail.Overlay.OriginalFileObject = Create->File;
    Irp->UserIosb = &Create->Result;
    Irp->Overlay.AllocationSize = open->AllocationSize;
    location->MajorFunction = IopCreateMajor(open);
    location->FileObject = Create->File;
    location->Flags = (UCHAR)((open->Options & 0xFF) | (Create->Attributes & OBJ_CASE_INSENSITIVE ? 0 : SL_CASE_SENSITIVE) |
                              (Create->Attributes & OBJ_FORCE_ACCESS_CHECK ? SL_FORCE_ACCESS_CHECK : 0));
    location->Parameters.Create.SecurityContext = &Create->Security;
    location->Parameters.Create.Options = open->Disposition << 24 | (open->CreateOptions & 0xFFFFFF);
    location->Parameters.Create.FileAttributes = (USHORT)open->FileAttributes;
    location->Parameters.Create.ShareAccess = (USHORT)open->ShareAccess;
    if (open->FileType == CreateFileTypeNone)
        location->Parameters.Create.EaLength = open->EaLength;
    else
        location->Parameters.CreatePipe.Parameters = open->Parameters;   /* CreateMailslot lies the same */
    if (open->EaLength == 0)
        return STATUS_SUCCESS;
    status = IopMakeSystemBuffer(Irp, open->EaLength);
    if (NT_SUCCESS(status))
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, open->EaBuffer, open->EaLength);
    return status;
}

static NTSTATUS IopSendCreate(IOP_CREATE *Create)
{
    PDEVICE_OBJECT top = IoGetAttachedDevice(Create->Vpb != NULL ? Create->Vpb->DeviceObject : Create->Device);
    PIRP irp = IoAllocateIrp(top->StackSize, FALSE);
    NTSTATUS status;
    KIRQL irql;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IopFillCreate(Create, irp);
    if (!NT_SUCCESS(status)) {
        IoFreeIrp(irp);
        return status;
    }
    irp->AllocationFlags |= IOP_IRP_FILE_KEPT;   /* Create's reference outlives the packet */
    IopQueueIrp(irp);
    status = IofCallDriver(top, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&Create->File->Event, Executive, KernelMode, FALSE, NULL);
        return Create->Result.Status;
    }
    irql = KfRaiseIrql(APC_LEVEL);
    Create->Result.Information = irp->IoStatus.Information;
    IopCompleteInThread(irp);
    KeLowerIrql(irql);
    return status;
}

/* A driver that answers STATUS_REPARSE has put another path into the file object. */
static NTSTATUS IopReparse(IOP_CREATE *Create, PUNICODE_STRING CompleteName)
{
    PUNICODE_STRING name = &Create->File->FileName;
    PWCHAR copy;

    if (Create->Result.Information != IO_REPARSE || name->Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    if (Create->Attributes & OBJ_DONT_REPARSE)
        return (NTSTATUS)0xC000050B;             /* STATUS_REPARSE_POINT_ENCOUNTERED */
    copy = ObReplaceLookupName(CompleteName, name);
    return copy != NULL ? STATUS_REPARSE : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS IopCreateFileOnDevice(IOP_CREATE *Create, PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName)
{
    NTSTATUS status = IopMakeFile(Create, RemainingName);

    if (!NT_SUCCESS(status))
        return status;
    status = IopSendCreate(Create);
    Create->Open->FinalStatus = status;
    Create->Open->Information = Create->Result.Information;
    if (status == STATUS_REPARSE)
        status = IopReparse(Create, CompleteName);
    if (!NT_SUCCESS(status) || status == STATUS_REPARSE) {
        IopForgetFile(Create);
        return status;
    }
    KeClearEvent(&Create->File->Event);
    Create->File->Flags |= FO_FILE_OPEN;
    return STATUS_SUCCESS;
}

/* The device's descriptor decides about the device itself; about names below it only when the device asks for that: else the driver
 * decides. What was decided is in the access state. */
static NTSTATUS IopCheckDeviceAccess(PDEVICE_OBJECT Device, PACCESS_STATE State, KPROCESSOR_MODE Mode, ULONG Attributes,
                                     BOOLEAN HasName)
{
    ACCESS_MASK granted;
    NTSTATUS status = STATUS_SUCCESS;

    if (!HasName || (Device->Characteristics & FILE_DEVICE_SECURE_OPEN))
        status = ObCheckObjectAccess(Device, State, Mode, Attributes, &granted);
    if (!NT_SUCCESS(status))
        return status;
    State->PreviouslyGrantedAccess |= State->RemainingDesiredAccess & ~MAXIMUM_ALLOWED;
    State->RemainingDesiredAccess &= MAXIMUM_ALLOWED;
    return STATUS_SUCCESS;
}

/* Who only wants to look at a device's attributes or wait for it does not need what is on it. */
#define IOP_DIRECT_ACCESS (FILE_READ_ATTRIBUTES | READ_CONTROL | ACCESS_SYSTEM_SECURITY | WRITE_OWNER | WRITE_DAC | SYNCHRONIZE)

static NTSTATUS IopChooseVolume(IOP_CREATE *Create, PCUNICODE_STRING Name, ACCESS_MASK Access)
{
    PFILE_OBJECT related = Create->Open->RelatedFileObject;

    if (related != NULL) {
        Create->Direct = (related->Flags & FO_DIRECT_DEVICE_OPEN) != 0;
        Create->Vpb = related->Vpb;
        if (Create->Vpb != NULL)
            IopReferenceVpb(Create->Vpb);
        return STATUS_SUCCESS;
    }
    if (Create->Device->Vpb == NULL)
        return STATUS_SUCCESS;
    if (Name->Length == 0 && !(Access & ~(ACCESS_MASK)IOP_DIRECT_ACCESS)) {
        Create->Direct = TRUE;
        return STATUS_SUCCESS;
    }
    return IopReferenceVolume(Create->Device, Name->Length == 0, &Create->Vpb);
}

static NTSTATUS IopCreateOnVolume(IOP_CREATE *Create, PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName)
{
    NTSTATUS status = IopChooseVolume(Create, RemainingName, Create->Security.DesiredAccess);

    if (!NT_SUCCESS(status))
        return status;
    status = IopCreateFileOnDevice(Create, CompleteName, RemainingName);
    if (Create->Vpb != NULL && (!NT_SUCCESS(status) || status == STATUS_REPARSE))
        IopReleaseVpb(Create->Vpb);
    return status;
}

NTSTATUS IopParseDevice(PVOID Object, POBJECT_TYPE ObjectType, PACCESS_STATE AccessState, KPROCESSOR_MODE Mode, ULONG Attributes,
                        PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName, PVOID Context,
                        PSECURITY_QUALITY_OF_SERVICE Qos, PVOID *Found)
{
    IOP_OPEN *open = Context;
    IOP_CREATE create = { .Open = open, .Device = Object, .Mode = Mode, .Attributes = Attributes };
    NTSTATUS status;

    if (open == NULL || open->Type != IO_TYPE_OPEN_PACKET || open->Size != sizeof(*open))
        return STATUS_OBJECT_TYPE_MISMATCH;      /* somebody looks for a device by name: only files can be had that way */
    status = IopCheckDeviceAccess(create.Device, AccessState, Mode, Attributes,
                                  RemainingName->Length != 0 || open->RelatedFileObject != NULL);
    if (NT_SUCCESS(status))
        status = IopOpenDevice(create.Device, open->RelatedFileObject != NULL);
    if (!NT_SUCCESS(status))
        return status;
    create.Security.SecurityQos = Qos;
    create.Security.AccessState = AccessState;
    create.Security.DesiredAccess = AccessState->OriginalDesiredAccess;
    create.Security.FullCreateOptions = open->CreateOptions;
    status = IopCreateOnVolume(&create, CompleteName, RemainingName);
    if (!NT_SUCCESS(status) || status == STATUS_REPARSE) {
        IopCloseDevice(create.Device);
        return status;
    }
    open->FileObject = create.File;
    open->ParseCheck = IOP_OPEN_PATTERN;
    *Found = create.File;
    return STATUS_SUCCESS;
}

NTSTATUS IopParseFile(PVOID Object, POBJECT_TYPE ObjectType, PACCESS_STATE AccessState, KPROCESSOR_MODE Mode, ULONG Attributes,
                      PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName, PVOID Context,
                      PSECURITY_QUALITY_OF_SERVICE Qos, PVOID *Found)
{
    IOP_OPEN *open = Context;

    if (open == NULL || open->Type != IO_TYPE_OPEN_PACKET || open->Size != sizeof(*open))
        return STATUS_OBJECT_TYPE_MISMATCH;
    open->RelatedFileObject = Object;
    return IopParseDevice(open->RelatedFileObject->DeviceObject, ObjectType, AccessState, Mode, Attributes, CompleteName,
                          RemainingName, Context, Qos, Found);
}
