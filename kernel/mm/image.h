/* SPDX-License-Identifier: MIT
 * Between the files that handle system images.
 */
#pragma once
#include "mi.h"

/* STATUS_INVALID_IMAGE_NOT_MZ, STATUS_INVALID_IMAGE_WIN_32 (any other machine), STATUS_INVALID_IMAGE_FORMAT. */
NTSTATUS MiStatusOfPe(PE_STATUS Status);
/* Gives each page of a mapped image the protection its section asks for; headers read-only. */
VOID MiProtectImage(const MM_IMAGE *Image);
/* References on the images that a loaded image imports from, and giving them back. */
VOID MiReferenceImports(MM_IMAGE *Image);
VOID MiReleaseImports(MM_IMAGE *Image);
/* Nobody imports from it any more. */
VOID MiUnloadDll(MM_IMAGE *Image);
