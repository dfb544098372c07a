/* SPDX-License-Identifier: MIT
 * The machine's own screen: the frame buffer that the firmware has left, mapped write-combining. The first open of the console clears
 * it; from then on it shows what COM1 shows.
 */
#include "condrv.h"

#define CD_BOOT_GRAPHICS 126u                    /* SystemBootGraphicsInformation */
#define CD_RED_FIRST 2u                          /* SystemPixelFormatR8G8B8X8 */
#define CD_BLUE_FIRST 4u                         /* SystemPixelFormatB8G8R8X8 */

typedef struct CD_GRAPHICS {                     /* SYSTEM_BOOT_GRAPHICS_INFORMATION */
    PHYSICAL_ADDRESS FrameBuffer;
    ULONG Width, Height, PixelStride, Flags, Format, DisplayRotation;
} CD_GRAPHICS;

NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG Class, PVOID Information, ULONG Length, PULONG ReturnLength);

static SIZE_T CdPictureBytes(const CD_GRAPHICS *Graphics) { return (SIZE_T)Graphics->PixelStride * Graphics->Height * sizeof(ULONG); }

/* FALSE: none, or one that is not drawn on. */
static BOOLEAN CdFindPicture(CD_GRAPHICS *Graphics)
{
    if (!NT_SUCCESS(ZwQuerySystemInformation(CD_BOOT_GRAPHICS, Graphics, sizeof(*Graphics), NULL)) ||
        Graphics->FrameBuffer.QuadPart == 0)
        return FALSE;
    if ((Graphics->Format == CD_RED_FIRST || Graphics->Format == CD_BLUE_FIRST) && Graphics->Width <= CON_MAXIMUM_PIXELS &&
        Graphics->Height <= CON_MAXIMUM_PIXELS && Graphics->PixelStride <= 2 * CON_MAXIMUM_PIXELS)
        return TRUE;
    DbgPrint("condrv: no console on the screen: it has %lu by %lu pixels of format %lu, and only 32-bit RGB up to %u by %u is drawn on\n",
             Graphics->Width, Graphics->Height, Graphics->Format, CON_MAXIMUM_PIXELS, CON_MAXIMUM_PIXELS);
    return FALSE;
}

VOID CdStartPicture(VOID)
{
    CD_GRAPHICS graphics;
    CON_PICTURE picture;

    if (!CdFindPicture(&graphics))
        return;
    picture = (CON_PICTURE){ MmMapIoSpace(graphics.FrameBuffer, CdPictureBytes(&graphics), MmWriteCombined), graphics.Width,
                             graphics.Height, graphics.PixelStride, graphics.Format == CD_RED_FIRST };
    if (picture.Pixels == NULL)
        return;
    CdLock();
    if (ConCreateDisplay(&CdHost, &CdConsole.Display, &picture)) {
        CdConsole.HasDisplay = TRUE;
        CdDrawLocked(CdConsole.Active);
    }
    CdUnlock();
    if (!CdConsole.HasDisplay)
        MmUnmapIoSpace(picture.Pixels, CdPictureBytes(&graphics));
}

VOID CdStopPicture(VOID)
{
    const CON_PICTURE *picture = &CdConsole.Display.Picture;

    if (!CdConsole.HasDisplay)
        return;
    CdConsole.HasDisplay = FALSE;
    ConDeleteDisplay(&CdConsole.Display);
    MmUnmapIoSpace(picture->Pixels, (SIZE_T)picture->Pitch * picture->Height * sizeof(ULONG));
}

VOID CdDrawLocked(CD_SCREEN *Screen)
{
    if (CdConsole.HasDisplay && Screen == CdConsole.Active)
        ConShowOnDisplay(&CdConsole.Display, &Screen->Screen);
}
