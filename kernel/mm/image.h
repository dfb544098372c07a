/* SPDX-License-Identifier: MIT
 * Between the files that handle system images.
 */
#pragma once
#include "mi.h"

/* Gives each page of a mapped image the protection its section asks for; headers read-only. */
VOID MiProtectImage(const MM_IMAGE *Image);
/* References on the images that a loaded image imports from, and giving them back. */
VOID MiReferenceImports(MM_IMAGE *Image);
VOID MiReleaseImports(MM_IMAGE *Image);
/* Nobody imports from it any more. */
VOID MiUnloadDll(MM_IMAGE *Image);
