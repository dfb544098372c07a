/* SPDX-License-Identifier: MIT
 * Private to io/.
 *
 * IopDatabaseLock (spin, rank IoDatabase) guards each driver's list of devices, the attachment of devices to one another, their
 * ReferenceCount (open files and opens under way) and ExtensionFlags. A thread's IrpList belongs to the thread at APC_LEVEL.
 * The cancel lock (spin, rank Cancel) guards Irp->Cancel against CancelRoutine.
 */
#pragma once
#include "io.h"
#include "ob.h"
#include "ps.h"
#include "ex.h"
#include "ke.h"

#define IOP_TAG_IRP ' prI'
#define IOP_TAG_BUFFER 'fBoI'
#define IOP_TAG_NAME 'mNoI'

#define IOP_DEVICE_OBJECT_SIZE 0x150u            /* 16-byte aligned, unlike the DDK's */
#define IOP_DRIVER_EXTENSION_SIZE 0x60u          /* NT's 0x50, then what IopOwnedImage finds */

/* IO_DEVOBJ_EXTENSION.ExtensionFlags */
#define DOE_UNLOAD_PENDING 0x1u
#define DOE_DELETE_PENDING 0x2u
#define DOE_REMOVE_PENDING 0x4u
#define DOE_REMOVE_PROCESSED 0x8u
#define DOE_START_PENDING 0x10u
#define DOE_GOING (DOE_UNLOAD_PENDING | DOE_DELETE_PENDING | DOE_REMOVE_PENDING | DOE_REMOVE_PROCESSED)

extern KE_LOCK IopDatabaseLock;

/* ---- Memory of packets (irpcache.c): initialized; NULL: none is left ---- */
PIRP IopAllocatePacket(CCHAR StackSize);
VOID IopFreePacket(PIRP Irp);

/* ---- Devices ---- */
OB_DELETE_METHOD IopDeleteDevice;
/* Another user of the device: STATUS_NO_SUCH_DEVICE when it is going or not ready, STATUS_ACCESS_DENIED when it is exclusive and
 * in use. */
NTSTATUS IopOpenDevice(PDEVICE_OBJECT Device, BOOLEAN Related);
/* Another user of a device that has one, or is listed where it can be found. */
VOID IopReferenceDevice(PDEVICE_OBJECT Device);
/* A volume parameter block that says that nothing was mounted yet; it goes with the device. */
NTSTATUS IopCreateVpb(PDEVICE_OBJECT Device);
VOID IopFreeVpb(PDEVICE_OBJECT Device);
/* What a device grants when nobody has said it (devicesecurity.c). */
PSECURITY_DESCRIPTOR IopDefaultDescriptor(DEVICE_TYPE Type);
/* The last user may complete the deletion of the device and the unloading of its driver. PASSIVE_LEVEL. */
VOID IopCloseDevice(PDEVICE_OBJECT Device);
VOID IopUnregisterShutdown(PDEVICE_OBJECT Device);
/* Ends what IoUnloadDriver began once no device of the driver is in use. */
VOID IopTryUnload(PDRIVER_OBJECT Driver);
OB_DELETE_METHOD IopDeleteDriver;
/* Where a driver object keeps the image that it unmaps when it goes; NULL there: the image is somebody else's. */
static inline MM_IMAGE **IopOwnedImage(PDRIVER_OBJECT Driver) { return (MM_IMAGE **)((PUCHAR)(Driver + 1) + 0x50); }
/* Unmaps an image that nothing runs in, and what was kept about its imports. */
VOID IopReleaseImage(MM_IMAGE *Image);
VOID IopInitializeLoading(VOID);
VOID IopInitializeFileSystems(VOID);
/* The areas of IoAllocateDriverObjectExtension go with the driver object. */
VOID IopFreeClients(PDRIVER_OBJECT Driver);
/* Calls what the driver registered to be called after DriverEntry, or only forgets it. PASSIVE_LEVEL. */
VOID IopReinitializeDriver(PDRIVER_OBJECT Driver, BOOLEAN Call);
/* A driver without an image: an object of that path (NULL: \Driver and a number) whose initialization is called at once, without a path
 * of the registry; its failure undoes all. PASSIVE_LEVEL. No header of the DDK's declares the two. */
NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING DriverName, PDRIVER_INITIALIZE InitializationFunction);
/* Its name goes, and with the last reference the object. */
VOID NTAPI IoDeleteDriver(PDRIVER_OBJECT DriverObject);
/* The device goes: so do its timer and its idle counter, when it has them. */
VOID IopDeleteTimer(PDEVICE_OBJECT Device);
VOID IopForgetIdle(PDEVICE_OBJECT Device);
/* Once a second from the first call on: device timers, then IopScanIdleDevices. */
VOID IopStartTicking(VOID);
VOID IopScanIdleDevices(VOID);

/* ---- Requests ---- */
/* IRP.AllocationFlags: the packet has no reference of its own to its file; who sent it waits, and gives the file up itself. */
#define IOP_IRP_FILE_KEPT 0x80u
/* Buffer and status block are kernel memory, whoever asked. */
#define IOP_IRP_OWN_MEMORY 0x40u
/* IopSendForWaiter's: UserApcContext is its BOOLEAN for a request that ended in its own thread, for which it need not wait. */
#define IOP_IRP_TELLS_SENDER 0x20u
static inline KPROCESSOR_MODE IopModeOfMemory(const IRP *Irp)
{
    return Irp->AllocationFlags & IOP_IRP_OWN_MEMORY ? KernelMode : Irp->RequestorMode;
}
/* Takes an IRP off its thread's list; on that thread, or before anybody can complete it. */
VOID IopQueueIrp(PIRP Irp);
VOID IopDequeueIrp(PIRP Irp);
/* The second half of completion, in the thread that asked, at APC_LEVEL. Frees the IRP. */
VOID IopCompleteInThread(PIRP Irp);
/* Sends a request of the I/O manager's own, without buffers, and waits. Allocation is tried until it succeeds if Must. */
NTSTATUS IopSendAndWait(PDEVICE_OBJECT Device, PFILE_OBJECT File, UCHAR Major, BOOLEAN Must);
/* Sends a packet whose next stack location is filled, and waits for its result; the packet is gone. */
VOID IopSendForWaiter(PDEVICE_OBJECT Device, PIRP Irp, PIO_STATUS_BLOCK Result);
VOID IopCancelThreadIo(PETHREAD Thread);
/* Cancels the calling thread's requests (on File, or all for NULL) and returns how many there were. */
ULONG IopCancelIrps(PFILE_OBJECT File);
/* Locks the pages behind an MDL: STATUS_ACCESS_VIOLATION and so on instead of an exception. */
NTSTATUS IopLockPages(PMDL Mdl, KPROCESSOR_MODE Mode, LOCK_OPERATION Operation);

/* Reads or writes pages of a file around its cache, and waits. Bytes: how many. Up to APC_LEVEL. */
/* What mm needs of files (memory.c). */
VOID IopServeMm(VOID);
NTSTATUS IopTransferPages(PFILE_OBJECT File, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PULONG_PTR Bytes);

/* ---- Files ---- */
#define IOP_OPEN_PATTERN 0xBEAA0251u
typedef struct IOP_OPEN {                        /* the parse context of a create */
    SHORT Type, Size;                            /* IO_TYPE_OPEN_PACKET */
    ULONG ParseCheck;                            /* IOP_OPEN_PATTERN once a device has parsed it */
    PFILE_OBJECT FileObject;                     /* the result */
    PFILE_OBJECT RelatedFileObject;
    NTSTATUS FinalStatus;
    ULONG_PTR Information;
    LARGE_INTEGER AllocationSize;
    ULONG CreateOptions, FileAttributes, ShareAccess, Disposition, Options;
    PVOID EaBuffer;
    ULONG EaLength;
    CREATE_FILE_TYPE FileType;
    PVOID Parameters;                            /* of a pipe or mailslot that is created: ..._CREATE_PARAMETERS */
} IOP_OPEN;
/* Opens what the attributes, which are Mode's memory, name; all else is the kernel's. *Result is valid unless the status is an error.
 * The caller fills Open's request but for Type and Size. STATUS_INVALID_PARAMETER: it makes no sense. */
NTSTATUS IopOpenByName(IOP_OPEN *Open, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE Mode,
                       PHANDLE FileHandle, PIO_STATUS_BLOCK Result);
/* STATUS_EA_LIST_INCONSISTENT: not a list of FILE_FULL_EA_INFORMATION as it should be (ealist.c). */
NTSTATUS IopCheckEaList(const VOID *List, ULONG Length);
OB_PARSE_METHOD IopParseDevice;
OB_PARSE_METHOD IopParseFile;
OB_CLOSE_METHOD IopCloseFile;
OB_DELETE_METHOD IopDeleteFile;
OB_QUERYNAME_METHOD IopQueryFileName;
/* A file's security descriptor is its driver's, a device's own when the device itself is open. */
OB_SECURITY_METHOD IopFileSecurity;

/* A synchronous file serves one request at a time. FALSE: it has one. */
static inline BOOLEAN IopTryFileLock(PFILE_OBJECT File) { return InterlockedExchange((volatile LONG *)&File->Busy, 1) == 0; }
/* Alertable: STATUS_ALERTED or STATUS_USER_APC says that it was not taken. */
NTSTATUS IopAcquireFileLock(PFILE_OBJECT File, KPROCESSOR_MODE Mode, BOOLEAN Alertable);
VOID IopReleaseFileLock(PFILE_OBJECT File);

/* ---- A request by handle ---- */
typedef struct IOP_REQUEST {
    PFILE_OBJECT File;                           /* referenced */
    PDEVICE_OBJECT Device;                       /* the top of its stack */
    PKEVENT Event;                               /* referenced, or NULL */
    PIO_APC_ROUTINE ApcRoutine;
    PVOID ApcContext;
    PIO_STATUS_BLOCK Iosb;                       /* the caller's; of no meaning to IopSendRequestAndWait */
    KPROCESSOR_MODE Mode;
    BOOLEAN Synchronous;                         /* the file's lock is held */
    PIRP Irp;
} IOP_REQUEST;
/* The first half: references the file and the event, takes the lock of a synchronous file. Anything but STATUS_SUCCESS, such
 * as STATUS_ALERTED and STATUS_USER_APC, which are no errors: nothing is held, and there is no request. So for IopBeginRequest. */
NTSTATUS IopEnterRequest(IOP_REQUEST *Request, HANDLE File, ACCESS_MASK Access, HANDLE Event);
/* The second half: makes the IRP with its next stack location filled for Major. On failure nothing is held. */
NTSTATUS IopMakeRequest(IOP_REQUEST *Request, UCHAR Major);
/* The request was served by a fast routine of the driver: nothing is held any more; Result->Status is returned. */
NTSTATUS IopEndWithoutPacket(IOP_REQUEST *Request, const IO_STATUS_BLOCK *Result);
/* Both halves. */
NTSTATUS IopBeginRequest(IOP_REQUEST *Request, HANDLE File, ACCESS_MASK Access, HANDLE Event, UCHAR Major);
/* Gives everything up again; the IRP was not sent. Returns Status. */
NTSTATUS IopAbandonRequest(IOP_REQUEST *Request, NTSTATUS Status);
/* Sends it and, for a synchronous file, waits. */
NTSTATUS IopSendRequest(IOP_REQUEST *Request);
/* The same, but waits on an asynchronous file as well: for services that are synchronous on every file. Buffer and *Result, which is
 * valid unless the status is an error, are kernel memory. */
NTSTATUS IopSendRequestAndWait(IOP_REQUEST *Request, PIO_STATUS_BLOCK Result);
/* Makes the IRP's system buffer of that size. */
NTSTATUS IopMakeSystemBuffer(PIRP Irp, ULONG Length);
/* ---- The caller's memory (caller.c); of kernel mode anything is ---- */
BOOLEAN IopIsCallers(KPROCESSOR_MODE Mode, const VOID *Address, SIZE_T Bytes);
/* The status is written last. Who of user mode took the memory away meanwhile does not want the result. */
static inline VOID IopPublish(PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result)
{
    To->Information = Result->Information;
    __atomic_store_n(&To->Status, Result->Status, __ATOMIC_RELEASE);
}
VOID IopPublishGuarded(PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result);
static inline VOID IopWriteResult(KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result)
{
    if (Mode == KernelMode)
        IopPublish(To, Result);
    else
        IopPublishGuarded(To, Result);
}
/* Before a request is made: its status block can be written now. */
static inline NTSTATUS IopProbeResult(KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK To)
{
    return Mode != KernelMode ? MmProbeCaller(Mode, To, sizeof(*To)) : STATUS_SUCCESS;
}
/* The end of a service that waits: Status, with *To = *Result unless that is an error; or why the caller cannot be told. */
NTSTATUS IopTellResult(NTSTATUS Status, KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result);
/* What a service reads: kernel mode's where it is, user mode's as a copy that IopFreeInput frees. */
NTSTATUS IopReadInput(KPROCESSOR_MODE Mode, PVOID From, ULONG Length, PVOID *Input);
VOID IopFreeInput(KPROCESSOR_MODE Mode, PVOID Input);
/* ---- Fast I/O (fastio.c): a driver's routine serves the request without a packet. FALSE: it has none, or wants one ---- */
typedef struct IOP_TRANSFER {
    HANDLE File, Event;
    PVOID Buffer;
    ULONG Length;
    PLARGE_INTEGER ByteOffset;
    PULONG Key;
    BOOLEAN Write;
} IOP_TRANSFER;
/* NULL: the driver has none of them, so that the others need not be called. */
static inline PFAST_IO_DISPATCH IopFastTable(PDEVICE_OBJECT Device) { return Device->DriverObject->FastIoDispatch; }
/* NULL: there is no table, it is too short to have the routine, or has none. */
#define IOP_FAST(table, routine)                                                                                       \
    ((table) != NULL && (table)->SizeOfFastIoDispatch >= FIELD_OFFSET(FAST_IO_DISPATCH, routine) + sizeof(PVOID) ? (table)->routine : NULL)
/* A file that is cached and synchronous. The driver has a table. */
BOOLEAN IopFastTransfer(const IOP_REQUEST *Request, const IOP_TRANSFER *Transfer, LARGE_INTEGER Offset, PIO_STATUS_BLOCK Result);
typedef struct IOP_CONTROL {
    HANDLE File, Event;
    ULONG Code;
    PVOID Input;
    ULONG InputLength;
    PVOID Output;
    ULONG OutputLength;
    UCHAR Major;
} IOP_CONTROL;
BOOLEAN IopFastControl(const IOP_REQUEST *Request, const IOP_CONTROL *Control, PIO_STATUS_BLOCK Result);
BOOLEAN IopFastQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Buffer, PIO_STATUS_BLOCK Result);

/* Describes the caller's buffer the way the device wants it; Write: the device reads it. STATUS_ACCESS_VIOLATION: it is not the
 * caller's, or not there. */
NTSTATUS IopDescribeBuffer(IOP_REQUEST *Request, BOOLEAN Write, PVOID Buffer, ULONG Length);
/* A copy of a parameter that the packet takes along and that goes with it. */
NTSTATUS IopAttachAuxiliary(PIRP Irp, const VOID *Parameter, SIZE_T Size, PVOID *Copy);
/* Fills the next stack location and the buffers for a control code by its method. */
/* The buffers are those of Irp->RequestorMode. */
NTSTATUS IopDescribeControl(PIRP Irp, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength);
/* Describes a caller's buffer with a locked MDL. */
NTSTATUS IopMakeMdl(PIRP Irp, PVOID Buffer, ULONG Length, LOCK_OPERATION Operation, KPROCESSOR_MODE Mode);
