/* SPDX-License-Identifier: MIT
 * Between the files that handle system images.
 */
#pragma once
#include "mi.h"

/* Gives each page of a mapped image the protection its section asks for; headers read-only. */
VOID MiProtectImage(const MM_IMAGE *Image);
