/* SPDX-License-Identifier: MIT
 * The functions of the machine's PCI buses: that they are all there, what they say, and what their messages do. The machine of the boot
 * ring has QEMU's `edu` behind a bridge (docs/specs/edu of QEMU); without it the test of its interrupt has nothing to look at.
 */
#include "fixture.h"
#include "../pci.h"

#define EDU_ID 0x11E81234u
#define EDU_RAISE 0x60u
#define EDU_ACKNOWLEDGE 0x64u

/* The PCI function on that place, or of that identity. NULL: none. */
static PCI_FUNCTION *Find(ULONG Bus, ULONG Device, ULONG Function)
{
    PDEVICE_OBJECT device;

    for (device = PciDriver->DeviceObject; device != NULL; device = device->NextDevice) {
        PCI_FUNCTION *function = device->DeviceExtension;
        if (PnpNode(device) != NULL && function->Bus == Bus && function->Device == Device && function->Function == Function)
            return function;
    }
    return NULL;
}

static PCI_FUNCTION *FindId(ULONG Id)
{
    PDEVICE_OBJECT device;

    for (device = PciDriver->DeviceObject; device != NULL; device = device->NextDevice)
        if (PnpNode(device) != NULL && PciRead(device->DeviceExtension, PCI_ID, 4) == Id)
            return device->DeviceExtension;
    return NULL;
}

static VOID Functions(VOID)
{
    ULONG device, function, count = 0;

    for (device = 0; device < 32; device++)
        for (function = 0; function < 8; function++) {
            ULONG id = HalReadPci(0, device, function, PCI_ID, 4);
            PCI_FUNCTION *found = Find(0, device, function);
            if ((USHORT)id == 0xFFFF) {
                CHECK(found == NULL);
                continue;
            }
            CHECK(found != NULL && found->Vendor == (USHORT)id && found->DeviceId == id >> 16);
            count++;
        }
    CHECK(count >= 2);                           /* the processor's bridge and the one to the old devices */
}

static BOOLEAN Has(PDEVICE_OBJECT Pdo, DEVICE_REGISTRY_PROPERTY Property, PCWSTR Text)
{
    ULONG length = 0, i = 0;
    WCHAR list[512];

    if (!CHECK(IoGetDeviceProperty(Pdo, Property, sizeof(list), list, &length) == STATUS_SUCCESS))
        return FALSE;
    while (i < length / sizeof(WCHAR) && list[i] != L'\0') {
        if (wcscmp(list + i, Text) == 0)
            return TRUE;
        i += (ULONG)wcslen(list + i) + 1;
    }
    return FALSE;
}

/* Q35's bridge to the old devices: 00:1f.0, 8086:2918 revision 2. */
static VOID Names(VOID)
{
    PCI_FUNCTION *bridge = Find(0, 31, 0);
    INTERFACE_TYPE type = 0;
    ULONG number = 99, length;
    GUID bus;

    if (!CHECK(bridge != NULL && bridge->Vendor == 0x8086))
        return;
    CHECK(Has(bridge->Pdo, DevicePropertyHardwareID, L"PCI\\VEN_8086&DEV_2918&SUBSYS_11001AF4&REV_02"));
    CHECK(Has(bridge->Pdo, DevicePropertyHardwareID, L"PCI\\VEN_8086&DEV_2918&CC_060100"));
    CHECK(Has(bridge->Pdo, DevicePropertyCompatibleIDs, L"PCI\\VEN_8086&DEV_2918"));
    CHECK(Has(bridge->Pdo, DevicePropertyCompatibleIDs, L"PCI\\VEN_8086&CC_0601"));
    CHECK(Has(bridge->Pdo, DevicePropertyCompatibleIDs, L"PCI\\CC_0601"));
    CHECK(Has(bridge->Pdo, DevicePropertyEnumeratorName, L"PCI"));
    CHECK(Has(bridge->Pdo, DevicePropertyLocationInformation, L"PCI bus 0, device 31, function 0"));
    CHECK(Has(bridge->Pdo, DevicePropertyPhysicalDeviceObjectName, L"\\Device\\NTPNP_PCI0000") == (bridge->Device == 0));
    CHECK(IoGetDeviceProperty(bridge->Pdo, DevicePropertyAddress, 4, &number, &length) == STATUS_SUCCESS && number == 31u << 16);
    CHECK(IoGetDeviceProperty(bridge->Pdo, DevicePropertyBusNumber, 4, &number, &length) == STATUS_SUCCESS && number == 0);
    CHECK(IoGetDeviceProperty(bridge->Pdo, DevicePropertyLegacyBusType, 4, &type, &length) == STATUS_SUCCESS && type == PCIBus);
    CHECK(IoGetDeviceProperty(bridge->Pdo, DevicePropertyBusTypeGuid, sizeof(bus), &bus, &length) == STATUS_SUCCESS &&
          bus.Data1 == 0xc8ebdfb0);
    CHECK(IoGetDeviceProperty(bridge->Pdo, DevicePropertyDriverKeyName, 0, NULL, &length) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(PnpNode(bridge->Pdo)->State == PnpWaiting);    /* nobody drives it */
}

static NTSTATUS Configuration(PDEVICE_OBJECT Pdo, UCHAR Minor, ULONG Space, PVOID Buffer, ULONG Offset, ULONG Length)
{
    IO_STACK_LOCATION parameters = { .Parameters.ReadWriteConfig = { Space, Buffer, Offset, Length } };
    return PnpSend(Pdo, Minor, &parameters, NULL);
}

static VOID Space(VOID)
{
    static const GUID standard = { 0x496b8280, 0x6f25, 0x11d0, { 0xbe, 0xaf, 0x08, 0x00, 0x2b, 0xe2, 0x09, 0x2f } };
    PCI_FUNCTION *bridge = Find(0, 31, 0);
    BUS_INTERFACE_STANDARD interface_ = { 0 };
    IO_STACK_LOCATION parameters = { .Parameters.QueryInterface = { &standard, sizeof(interface_), 1, (PINTERFACE)&interface_,
                                                                    NULL } };
    UCHAR header[64], old, line = 0x5A;
    LONG_PTR references;

    if (!CHECK(bridge != NULL))
        return;
    references = ObHeader(bridge->Pdo)->PointerCount;
    CHECK(Configuration(bridge->Pdo, IRP_MN_READ_CONFIG, PCI_WHICHSPACE_CONFIG, header, 0, sizeof(header)) == STATUS_SUCCESS);
    CHECK(*(ULONG *)header == 0x29188086 && header[PCI_REVISION] == bridge->Revision);
    CHECK(Configuration(bridge->Pdo, IRP_MN_READ_CONFIG, PCI_WHICHSPACE_ROM, header, 0, 4) == STATUS_INVALID_PARAMETER_1);
    CHECK(Configuration(bridge->Pdo, IRP_MN_READ_CONFIG, PCI_WHICHSPACE_CONFIG, NULL, 0, 4) == STATUS_INVALID_PARAMETER_2);
    CHECK(Configuration(bridge->Pdo, IRP_MN_READ_CONFIG, PCI_WHICHSPACE_CONFIG, header, 4094, 4) == STATUS_INVALID_PARAMETER_4);
    old = header[0x3C];                          /* the interrupt line is a note of the firmware's, with no effect */
    CHECK(Configuration(bridge->Pdo, IRP_MN_WRITE_CONFIG, PCI_WHICHSPACE_CONFIG, &line, 0x3C, 1) == STATUS_SUCCESS);
    CHECK(PciRead(bridge, 0x3C, 1) == 0x5A);
    CHECK(PnpSend(bridge->Pdo, IRP_MN_QUERY_INTERFACE, &parameters, NULL) == STATUS_SUCCESS && interface_.Version == 1);
    CHECK(ObHeader(bridge->Pdo)->PointerCount == references + 1);
    CHECK(interface_.SetBusData(interface_.Context, PCI_WHICHSPACE_CONFIG, &old, 0x3C, 1) == 1 &&
          PciRead(bridge, 0x3C, 1) == old);
    CHECK(interface_.GetBusData(interface_.Context, PCI_WHICHSPACE_CONFIG, header, 0, 4) == 4 && *(ULONG *)header == 0x29188086);
    CHECK(interface_.GetBusData(interface_.Context, PCI_WHICHSPACE_ROM, header, 0, 4) == 0);
    interface_.InterfaceDereference(interface_.Context);
    parameters.Parameters.QueryInterface.Size = 8;
    CHECK(PnpSend(bridge->Pdo, IRP_MN_QUERY_INTERFACE, &parameters, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(ObHeader(bridge->Pdo)->PointerCount == references);
}

/* ---- Messages ---- */
typedef struct LISTENER {
    PIO_INTERRUPT_MESSAGE_INFO Table;
    volatile ULONG *Registers;                   /* edu's */
    volatile LONG Count, Processor, Message, Irql;
} LISTENER;

static BOOLEAN NTAPI Signal(PKINTERRUPT Interrupt, PVOID Context, ULONG Message)
{
    LISTENER *listener = Context;

    listener->Registers[EDU_ACKNOWLEDGE / 4] = listener->Registers[0x24 / 4];
    listener->Processor = (LONG)KeGetCurrentProcessorNumber();
    listener->Message = (LONG)Message;
    listener->Irql = KeGetCurrentIrql();
    InterlockedIncrement(&listener->Count);
    return TRUE;
}

static NTSTATUS Connect(PDEVICE_OBJECT Pdo, LISTENER *Listener)
{
    IO_CONNECT_INTERRUPT_PARAMETERS parameters = { .Version = CONNECT_MESSAGE_BASED };

    parameters.MessageBased.PhysicalDeviceObject = Pdo;
    parameters.MessageBased.MessageServiceRoutine = (PVOID)Signal;
    parameters.MessageBased.ServiceContext = Listener;
    parameters.MessageBased.ConnectionContext.InterruptMessageTable = &Listener->Table;
    return IoConnectInterruptEx(&parameters);
}

static VOID Disconnect(LISTENER *Listener)
{
    IO_DISCONNECT_INTERRUPT_PARAMETERS parameters = { .Version = CONNECT_MESSAGE_BASED };
    parameters.ConnectionContext.InterruptMessageTable = Listener->Table;
    IoDisconnectInterruptEx(&parameters);
}

static BOOLEAN AreMessagesOn(const PCI_FUNCTION *Function)
{
    return Function->MsiX != 0 ? (PciRead(Function, Function->MsiX + 2, 2) & 0xC000) == 0x8000
                               : (PciRead(Function, Function->Msi + 2, 2) & 1) != 0;
}

/* Started with the tests' driver: resources, command register, messages; removed: all is off again. */
static VOID StartAndCheck(PCI_FUNCTION *Function)
{
    PCM_PARTIAL_RESOURCE_LIST given = &TestPnpTranslated.Head.PartialResourceList;
    LISTENER first = { 0 }, second = { 0 };
    ULONG count;

    if (!CHECK(PnpAddDevice(TestPnpDriver, Function->Pdo) == STATUS_SUCCESS) ||
        !CHECK(PnpStartDevice(Function->Pdo, NULL, NULL) == STATUS_SUCCESS))
        return;
    CHECK(TestPnpRaw.Head.InterfaceType == PCIBus && TestPnpRaw.Head.BusNumber == Function->Bus && given->Count != 0);
    CHECK((PciRead(Function, PCI_COMMAND, 2) & (PCI_COMMAND_MASTER | PCI_COMMAND_NO_LINE)) ==
          (PCI_COMMAND_MASTER | PCI_COMMAND_NO_LINE));
    CHECK(AreMessagesOn(Function));
    count = PnpNode(Function->Pdo)->Assignment->MessageCount;
    CHECK(count == min(Function->MessageCount, PNP_MAXIMUM_MESSAGES));
    CHECK(Connect(Function->Pdo, &first) == STATUS_SUCCESS && first.Table->MessageCount == count);
    CHECK(Connect(Function->Pdo, &second) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(first.Table->UnifiedIrql >= first.Table->MessageInfo[0].Irql && first.Table->MessageInfo[0].Mode == Latched);
    Disconnect(&first);
    CHECK(Connect(Function->Pdo, &second) == STATUS_SUCCESS);
    Disconnect(&second);
    CHECK(PnpRemoveDevice(Function->Pdo, NULL, NULL) == STATUS_SUCCESS);
    CHECK(!AreMessagesOn(Function) && !(PciRead(Function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER));
    CHECK(PnpNode(Function->Pdo)->Assignment == NULL && Connect(Function->Pdo, &second) == STATUS_NOT_FOUND);
}

static VOID Messages(VOID)
{
    PDEVICE_OBJECT device;

    if (!TestPnpLoad(L"TestPnpPci"))
        return;
    for (device = PciDriver->DeviceObject; device != NULL; device = device->NextDevice)
        if (PnpNode(device) != NULL && PnpNode(device)->State == PnpWaiting &&
            ((PCI_FUNCTION *)device->DeviceExtension)->MessageCount != 0)
            StartAndCheck(device->DeviceExtension);
    TestPnpUnload();
}

static VOID Await(LISTENER *Listener, LONG Count)
{
    while (Listener->Count < Count)
        KiPause();
}

/* An interrupt of edu's, on each processor in turn: every start gives another one. */
static VOID Edu(VOID)
{
    ULONG processors = KeQueryActiveProcessorCount(NULL), round;
    PCI_FUNCTION *edu = FindId(EDU_ID);
    LONG_PTR seen = 0;

    if (edu == NULL || PnpNode(edu->Pdo)->State != PnpWaiting || !TestPnpLoad(L"TestPnpEdu"))
        return;
    CHECK(edu->Bus != 0);
    for (round = 0; round < processors; round++) {
        PHYSICAL_ADDRESS base = { .QuadPart = (LONGLONG)edu->Bars[0].Base };
        LISTENER listener = { 0 };
        if (!CHECK(PnpAddDevice(TestPnpDriver, edu->Pdo) == STATUS_SUCCESS) ||
            !CHECK(PnpStartDevice(edu->Pdo, NULL, NULL) == STATUS_SUCCESS))
            return;
        listener.Registers = MmMapIoSpace(base, PAGE_SIZE, MmNonCached);
        CHECK(listener.Registers[0] == 0x010000EDu);
        CHECK(Connect(edu->Pdo, &listener) == STATUS_SUCCESS);
        listener.Registers[EDU_RAISE / 4] = 1;
        Await(&listener, 1);
        CHECK(listener.Message == 0 && listener.Irql == listener.Table->UnifiedIrql);
        CHECK(listener.Table->MessageInfo[0].TargetProcessorSet == (KAFFINITY)1 << listener.Processor);
        seen |= (LONG_PTR)1 << listener.Processor;
        Disconnect(&listener);
        MmUnmapIoSpace((PVOID)listener.Registers, PAGE_SIZE);
        CHECK(PnpRemoveDevice(edu->Pdo, NULL, NULL) == STATUS_SUCCESS);
    }
    CHECK(seen == ((LONG_PTR)1 << processors) - 1);
    TestPnpUnload();
}

static const KE_TEST tests[] = {
    { "pnp.pci.functions", Functions, 0 }, { "pnp.pci.names", Names, 0 }, { "pnp.pci.space", Space, 0 },
    { "pnp.pci.messages", Messages, 0 },   { "pnp.pci.edu", Edu, 0 },
};
const KE_TEST_GROUP PnpPciTests = { tests, RTL_NUMBER_OF(tests) };
