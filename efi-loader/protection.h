/* SPDX-License-Identifier: MIT
 * Which access each page of an image gets. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "../pe/pe.h"

/* PAGE_ACCESS bits of the page at Rva (page aligned). Headers and gaps are read-only. An image whose sections are aligned to
 * less than a page gets one access for all: everything (a foreign image; see FindProtectionFlaw). */
uint32_t ImagePageAccess(const PE_IMAGE *Image, uint32_t Rva);

/* Why an image of our own may not be mapped, as the predicate of a sentence about the file, or NULL. *Section (optional) is the
 * section meant, or NULL. */
const char *FindProtectionFlaw(const PE_IMAGE *Image, const PE_SECTION **Section);
