/* SPDX-License-Identifier: MIT
 * The I/O manager for the other components. What the DDK declares is not repeated here.
 */
#pragma once
#include "nt.h"
#include "mm.h"

/* The types of devices, drivers and files. After ExInitialize. */
VOID IoInitialize(VOID);
/* The RAW file system, a driver of the kernel's own. After IoInitialize. */
VOID IoInitializeRawFileSystem(VOID);
/* IRP_MJ_SHUTDOWN to every device registered for it, last registered first, then to those of the last chance. Report, which may be
 * NULL, is told of each. PASSIVE_LEVEL. */
typedef VOID IO_SHUTDOWN_REPORT(PDEVICE_OBJECT Device, NTSTATUS Status);
VOID IoShutdownSystem(IO_SHUTDOWN_REPORT *Report);

extern POBJECT_TYPE IopDeviceObjectType, IopDriverObjectType, IopFileObjectType;

/* ---- Drivers ---- */
/* MmLoadSystemImage, and those who asked are told of the image. */
NTSTATUS IoLoadImage(PCUNICODE_STRING FullName, const VOID *File, SIZE_T FileSize, BOOLEAN UnderTest, MM_BIND *Bind,
                     MM_IMAGE **Image, PE_STATUS *PeStatus);
/* Makes \Driver\ServiceName for a mapped image; nothing of the image runs yet. STATUS_OBJECT_NAME_COLLISION: there is one. The
 * caller gets no reference: the object stays until IoInitializeDriver fails or IoUnloadDriver is done with it. The image is the
 * caller's to unmap after that. */
NTSTATUS IoCreateDriverForImage(MM_IMAGE *Image, PCUNICODE_STRING ServiceName, PDRIVER_OBJECT *DriverObject);
/* Calls DriverEntry and returns its status; on failure the driver object is gone, whatever the driver forgot to delete. */
NTSTATUS IoInitializeDriver(PDRIVER_OBJECT DriverObject);
/* Both for a driver that lives in the kernel itself: Image, which stays, is not a file's. */
NTSTATUS IoStartKernelDriver(MM_IMAGE *Image, PCUNICODE_STRING ServiceName, PDRIVER_INITIALIZE Entry, PDRIVER_OBJECT *DriverObject);
/* STATUS_INVALID_DEVICE_REQUEST: no DriverUnload, or it was called already. STATUS_SUCCESS: DriverUnload ran, or will when the last
 * reference to the driver's devices goes; until then none can be opened. PASSIVE_LEVEL. */
NTSTATUS IoUnloadDriver(PDRIVER_OBJECT DriverObject);
/* The routine in every MajorFunction that the driver did not set. */
BOOLEAN IoIsDefaultDispatch(PDRIVER_DISPATCH Routine);

/* Upward calls: what loading a driver by its service's name, and the machine's end, need of init and vf. ReadImageFile: the bytes of the
 * job's file of that name, in pool that the caller frees; STATUS_OBJECT_NAME_NOT_FOUND. NULL until there are any. */
typedef struct IO_UPCALLS {
    NTSTATUS (*ReadImageFile)(PCUNICODE_STRING Name, PVOID *Bytes, PULONG Size);
    MM_BIND *BindImport;
    VOID (*ForgetImage)(const MM_IMAGE *Image);
    VOID (*TellEnd)(PCSTR Why);                  /* the machine's last words; any IRQL, the other processors stand still */
    VOID (*DeleteDeviceNode)(PVOID Node);        /* the device object that it was DeviceNode of is deleted */
} IO_UPCALLS;
extern IO_UPCALLS IoUpcalls;

/* Starts the drivers that the registry wants started at boot or by the system, each after what it depends on. Report, which may be NULL,
 * is told of each that was tried. Where their files are must be reachable. PASSIVE_LEVEL. */
typedef VOID IO_START_REPORT(PCUNICODE_STRING Service, NTSTATUS Status);
NTSTATUS IoStartSystemDrivers(IO_START_REPORT *Report);

/* As ZwLoadDriver and ZwUnloadDriver (DDK); user mode needs SeLoadDriverPrivilege. */
NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING DriverServiceName);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING DriverServiceName);

/* ---- NT's DEVOBJ_EXTENSION (the DDK shows its head only) ---- */
typedef struct IO_DEVOBJ_EXTENSION {
    SHORT Type;                      /* I IO_TYPE_DEVICE_OBJECT_EXTENSION */
    USHORT Size;                     /* I 0 */
    PDEVICE_OBJECT DeviceObject;     /* I */
    ULONG PowerFlags;                /* a bits 0-3 system power state, 4-7 device power state */
    PVOID Dope;
    ULONG ExtensionFlags;            /* IopDatabaseLock DOE_... */
    PVOID DeviceNode;                /* pnp; NULL: not a physical device object */
    PDEVICE_OBJECT AttachedTo;       /* IopDatabaseLock the next lower device */
    LONG StartIoCount;
    LONG StartIoKey;
    ULONG StartIoFlags;
    PVPB Vpb;
    PVOID DependencyNode;
    PVOID InterruptContext;
    LONG InterruptCount;
    PVOID VerifierContext;
} IO_DEVOBJ_EXTENSION;
C_ASSERT(sizeof(IO_DEVOBJ_EXTENSION) == 0x70 && FIELD_OFFSET(IO_DEVOBJ_EXTENSION, AttachedTo) == 0x30 &&
         FIELD_OFFSET(IO_DEVOBJ_EXTENSION, Vpb) == 0x48);
static inline IO_DEVOBJ_EXTENSION *IoDeviceExtension(PDEVICE_OBJECT Device)
{
    return (IO_DEVOBJ_EXTENSION *)Device->DeviceObjectExtension;
}

/* ---- Requests of the system's own ---- */
/* Sends what Location says (its device and completion fields are ours, its file object may be NULL) to Device, which is the top of a stack, and waits. The packet
 * starts with what is in *Result and ends there; its final status is returned. STATUS_INSUFFICIENT_RESOURCES: it was not sent.
 * PASSIVE_LEVEL. */
NTSTATUS IoSendLocationAndWait(PDEVICE_OBJECT Device, const IO_STACK_LOCATION *Location, PIO_STATUS_BLOCK Result);

/* The file's data is on the disk up to there: the file system may say so in its structures (FileEndOfFileInformation, AdvanceOnly). */
NTSTATUS IoAdvanceValidData(PFILE_OBJECT File, const FILE_END_OF_FILE_INFORMATION *Information);

/* ---- Exported, younger than the DDK ---- */
typedef enum _EVENT_INFO_CLASS {
    EventProviderBinaryTrackInfo, EventProviderSetReserved1, EventProviderSetTraits, EventProviderUseDescriptorType
} EVENT_INFO_CLASS;
NTSTATUS NTAPI EtwSetInformation(ULONGLONG RegHandle, EVENT_INFO_CLASS InformationClass, PVOID EventInformation,
                                 ULONG InformationLength);

NTSTATUS NTAPI ExGetFirmwareEnvironmentVariable(PUNICODE_STRING VariableName, LPGUID VendorGuid, PVOID Value, PULONG ValueLength,
                                                PULONG Attributes);
NTSTATUS NTAPI ExSetFirmwareEnvironmentVariable(PUNICODE_STRING VariableName, LPGUID VendorGuid, PVOID Value, ULONG ValueLength,
                                                ULONG Attributes);

/* The server end of a named pipe, and of a mailslot. ShareAccess says which way data flows: FILE_SHARE_WRITE to the server,
 * FILE_SHARE_READ to the client. STATUS_INVALID_PARAMETER: values that no pipe can have. What the driver answers otherwise. */
NTSTATUS NTAPI NtCreateNamedPipeFile(PHANDLE FileHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                     PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions,
                                     ULONG NamedPipeType, ULONG ReadMode, ULONG CompletionMode, ULONG MaximumInstances,
                                     ULONG InboundQuota, ULONG OutboundQuota, PLARGE_INTEGER DefaultTimeout);
NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE FileHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                    PIO_STATUS_BLOCK IoStatusBlock, ULONG CreateOptions, ULONG MailslotQuota,
                                    ULONG MaximumMessageSize, PLARGE_INTEGER ReadTimeout);
NTSTATUS NTAPI NtDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes);
/* The file has MinimumSize from then on; it does not grow. */
NTSTATUS NTAPI NtCreatePagingFile(PUNICODE_STRING PageFileName, PLARGE_INTEGER MinimumSize, PLARGE_INTEGER MaximumSize, ULONG Priority);
NTSTATUS NTAPI ZwCreatePagingFile(PUNICODE_STRING PageFileName, PLARGE_INTEGER MinimumSize, PLARGE_INTEGER MaximumSize, ULONG Priority);
NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, ULONG CompletionFilter,
                                           BOOLEAN WatchTree);
NTSTATUS NTAPI ZwNotifyChangeDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, ULONG CompletionFilter,
                                           BOOLEAN WatchTree);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock);
NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation);
NTSTATUS NTAPI ZwQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation);
NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation);
NTSTATUS NTAPI NtCancelIoFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock);

extern const struct KE_TEST_GROUP IoDeviceTests, IoIrpTests, IoFileTests, IoWorkTests;
extern const struct KE_TEST_GROUP IoRemoveLockTests, IoCancelQueueTests, IoStartIoTests, IoErrorLogTests, IoSystemTests, IoWmiTests, IoBusTests,
    IoDmaTests, IoLoadDriverTests, IoStartTests, IoVolumeTests, IoPipeTests;
