/* SPDX-License-Identifier: MIT
 * Error log packets: their bounds and references. What the event says is checked by the driver `startio` and the tool's tests.
 */
#include "fixture.h"

static VOID ErrorLog(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestErrorLog", NULL);
    PIO_ERROR_LOG_PACKET packet, *many;
    PDEVICE_OBJECT device;
    ULONG count;

    if (driver == NULL)
        return;
    device = TestMakeDevice(driver, NULL, 0);
    CHECK(IoAllocateErrorLogEntry(device, 8) == NULL && IoAllocateErrorLogEntry(device, 255) == NULL);
    packet = IoAllocateErrorLogEntry(device, ERROR_LOG_MAXIMUM_SIZE);
    if (CHECK(packet != NULL)) {
        CHECK(packet->ErrorCode == 0 && ObHeader(device)->PointerCount == 2);
        packet->ErrorCode = STATUS_DEVICE_DATA_ERROR;
        packet->DumpDataSize = 0xFFFF;           /* more than there is */
        packet->NumberOfStrings = 0xFFFF;
        packet->StringOffset = ERROR_LOG_MAXIMUM_SIZE - 2;
        IoWriteErrorLogEntry(packet);
    }
    CHECK(ObHeader(device)->PointerCount == 1);
    packet = IoAllocateErrorLogEntry(driver, sizeof(*packet));
    CHECK(packet != NULL);
    IoFreeErrorLogEntry(packet);
    IoFreeErrorLogEntry(NULL);
    many = ExAllocatePoolWithTag(NonPagedPoolNx, 4096 * sizeof(*many), 'tseT');
    for (count = 0; many != NULL && count < 4096; count++)
        if ((many[count] = IoAllocateErrorLogEntry(device, ERROR_LOG_MAXIMUM_SIZE)) == NULL)
            break;
    CHECK(many != NULL && count > 100 && count < 4096);          /* bounded */
    while (count-- != 0)
        IoFreeErrorLogEntry(many[count]);
    ExFreePoolWithTag(many, 'tseT');
    TestStopDriver(driver);
}

static const KE_TEST tests[] = { { "io.errorlog", ErrorLog, 0 } };
const KE_TEST_GROUP IoErrorLogTests = { tests, RTL_NUMBER_OF(tests) };
