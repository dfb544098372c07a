/* SPDX-License-Identifier: MIT
 * DMA: the addresses that a device would be given, read back as a device would through another mapping of the same memory.
 */
#include "fixture.h"

#define SIZE 10000u

static PDMA_ADAPTER Adapter(BOOLEAN Scatter, ULONG Version)
{
    DEVICE_DESCRIPTION description = { .Version = Version, .Master = TRUE, .ScatterGather = Scatter, .Dma32BitAddresses = TRUE,
                                       .Dma64BitAddresses = TRUE, .InterfaceType = PCIBus, .MaximumLength = SIZE };
    ULONG registers = 0;
    PDMA_ADAPTER adapter = IoGetDmaAdapter(NULL, &description, &registers);

    CHECK(adapter == NULL || (registers >= SIZE / PAGE_SIZE + 1 && adapter->Version == 1));
    return adapter;
}

static BOOLEAN DeviceSees(ULONG64 Physical, ULONG Length, UCHAR Value, BOOLEAN Change)
{
    PHYSICAL_ADDRESS address = { .QuadPart = (LONGLONG)Physical };
    PUCHAR view = MmMapIoSpace(address, Length, MmCached);
    BOOLEAN same;

    if (!CHECK(view != NULL))
        return FALSE;
    same = view[0] == Value && view[Length - 1] == Value;
    if (Change)
        RtlFillMemory(view, Length, (UCHAR)(Value + 1));
    MmUnmapIoSpace(view, Length);
    return same;
}

static VOID CommonBuffer(VOID)
{
    DEVICE_DESCRIPTION slave = { .Version = 1, .MaximumLength = SIZE };
    PDMA_ADAPTER adapter = Adapter(TRUE, DEVICE_DESCRIPTION_VERSION2);
    PHYSICAL_ADDRESS logical;
    ULONG registers;
    PUCHAR buffer;

    CHECK(IoGetDmaAdapter(NULL, &slave, &registers) == NULL && Adapter(TRUE, 3) == NULL);
    if (!CHECK(adapter != NULL))
        return;
    buffer = adapter->DmaOperations->AllocateCommonBuffer(adapter, SIZE, &logical, TRUE);
    if (CHECK(buffer != NULL)) {
        RtlFillMemory(buffer, SIZE, 0x33);
        CHECK((ULONG64)MmGetPhysicalAddress(buffer + SIZE - 1).QuadPart == (ULONG64)logical.QuadPart + SIZE - 1);
        CHECK(DeviceSees((ULONG64)logical.QuadPart, SIZE, 0x33, TRUE) && buffer[SIZE / 2] == 0x34);
        adapter->DmaOperations->FreeCommonBuffer(adapter, SIZE, logical, buffer, TRUE);
    }
    adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* ---- Lists ---- */
static PSCATTER_GATHER_LIST List;
static VOID NTAPI Take(PDEVICE_OBJECT Device, PIRP Irp, PSCATTER_GATHER_LIST Given, PVOID Context)
{
    CHECK(Context == &List && KeIrql() == DISPATCH_LEVEL);
    List = Given;
}

static VOID RunList(PDMA_ADAPTER Adapter_, PDEVICE_OBJECT Device, PMDL Mdl, PUCHAR Buffer, BOOLEAN Scatter)
{
    ULONG total = 0, size = 0, i;
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    List = NULL;
    CHECK(Adapter_->DmaOperations->GetScatterGatherList(Adapter_, Device, Mdl, Buffer, SIZE, Take, &List, FALSE) == STATUS_SUCCESS);
    KeLowerIrql(irql);
    if (!CHECK(List != NULL))
        return;
    CHECK(Scatter || List->NumberOfElements == 1);
    for (i = 0; i < List->NumberOfElements; i++) {
        total += List->Elements[i].Length;
        DeviceSees((ULONG64)List->Elements[i].Address.QuadPart, List->Elements[i].Length, 0x55, TRUE);
    }
    CHECK(total == SIZE);
    Adapter_->DmaOperations->PutScatterGatherList(Adapter_, List, FALSE);
    CHECK(Buffer[0] == 0x56 && Buffer[SIZE - 1] == 0x56);        /* what the device wrote */
    CHECK(Adapter_->DmaOperations->CalculateScatterGatherList(Adapter_, Mdl, Buffer, SIZE, &size, NULL) == STATUS_SUCCESS && size > 0);
    irql = KeRaiseIrqlToDpcLevel();
    CHECK(Adapter_->DmaOperations->GetScatterGatherList(Adapter_, Device, Mdl, Buffer, 1u << 30, Take, &List, FALSE) ==
          STATUS_INSUFFICIENT_RESOURCES);
    KeLowerIrql(irql);
}

/* ---- Packets ---- */
typedef struct PACKET {
    PDMA_ADAPTER Adapter;
    PMDL Mdl;
    PUCHAR Buffer;
    PVOID Map;
} PACKET;

static IO_ALLOCATION_ACTION NTAPI Program(PDEVICE_OBJECT Device, PIRP Irp, PVOID MapRegisterBase, PVOID Context)
{
    PACKET *packet = Context;
    ULONG done = 0;

    packet->Map = MapRegisterBase;
    while (done < SIZE) {
        ULONG length = SIZE - done;
        PHYSICAL_ADDRESS address = packet->Adapter->DmaOperations->MapTransfer(packet->Adapter, packet->Mdl, MapRegisterBase,
                                                                               packet->Buffer + done, &length, TRUE);
        if (!CHECK(length != 0))
            break;
        CHECK(DeviceSees((ULONG64)address.QuadPart, length, 0x55, FALSE));
        done += length;
    }
    return DeallocateObjectKeepRegisters;
}

static VOID RunPacket(PDMA_ADAPTER Adapter_, PDEVICE_OBJECT Device, PMDL Mdl, PUCHAR Buffer)
{
    PACKET packet = { Adapter_, Mdl, Buffer, NULL };

    CHECK(Adapter_->DmaOperations->AllocateAdapterChannel(Adapter_, Device, 100000, Program, &packet) == STATUS_INSUFFICIENT_RESOURCES);
    CHECK(Adapter_->DmaOperations->AllocateAdapterChannel(Adapter_, Device, 4, Program, &packet) == STATUS_SUCCESS);
    CHECK(Adapter_->DmaOperations->FlushAdapterBuffers(Adapter_, Mdl, packet.Map, Buffer, SIZE, TRUE));
    Adapter_->DmaOperations->FreeMapRegisters(Adapter_, packet.Map, 4);
}

static VOID Transfers(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestDma", NULL);
    PUCHAR buffer = ExAllocatePoolWithTag(NonPagedPoolNx, SIZE, 'tseT');
    PDEVICE_OBJECT device;
    ULONG scatter;
    PMDL mdl;

    if (driver == NULL || !CHECK(buffer != NULL))
        return;
    device = TestMakeDevice(driver, NULL, 0);
    mdl = IoAllocateMdl(buffer, SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    for (scatter = 0; scatter < 2; scatter++) {
        PDMA_ADAPTER adapter = Adapter((BOOLEAN)scatter, DEVICE_DESCRIPTION_VERSION);
        if (!CHECK(adapter != NULL))
            break;
        RtlFillMemory(buffer, SIZE, 0x55);
        RunPacket(adapter, device, mdl, buffer);
        RunList(adapter, device, mdl, buffer, (BOOLEAN)scatter);
        adapter->DmaOperations->PutDmaAdapter(adapter);
    }
    IoFreeMdl(mdl);
    ExFreePoolWithTag(buffer, 'tseT');
    TestStopDriver(driver);
}

static const KE_TEST tests[] = { { "io.dma.common", CommonBuffer, 0 }, { "io.dma.transfers", Transfers, 0 } };
const KE_TEST_GROUP IoDmaTests = { tests, RTL_NUMBER_OF(tests) };
