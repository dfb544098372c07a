/* SPDX-License-Identifier: MIT
 * The firmware's handle and its status codes in words (UEFI 2.10, appendix D).
 */
#include "firmware.h"

FIRMWARE Firmware;

static const struct {
    EFI_STATUS Status;
    const char *Text;
} StatusTexts[] = {
    { EFI_SUCCESS, "success" },
    { EFI_LOAD_ERROR, "load error" },
    { EFI_INVALID_PARAMETER, "invalid parameter" },
    { EFI_UNSUPPORTED, "unsupported" },
    { EFI_BAD_BUFFER_SIZE, "bad buffer size" },
    { EFI_BUFFER_TOO_SMALL, "buffer too small" },
    { EFI_NOT_READY, "not ready" },
    { EFI_DEVICE_ERROR, "device error" },
    { EFI_OUT_OF_RESOURCES, "out of resources" },
    { EFI_VOLUME_CORRUPTED, "volume corrupted" },
    { EFI_NO_MEDIA, "no media" },
    { EFI_MEDIA_CHANGED, "media changed" },
    { EFI_NOT_FOUND, "not found" },
    { EFI_ACCESS_DENIED, "access denied" },
    { EFI_TIMEOUT, "timeout" },
    { EFI_ABORTED, "aborted" },
    { EFI_SECURITY_VIOLATION, "security violation" },
};

const char *FirmwareStatusText(EFI_STATUS Status)
{
    for (size_t i = 0; i < sizeof(StatusTexts) / sizeof(StatusTexts[0]); i++) {
        if (StatusTexts[i].Status == Status) {
            return StatusTexts[i].Text;
        }
    }
    return "an error without a name";
}
