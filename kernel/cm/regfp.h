/* SPDX-License-Identifier: MIT
 * Private to the regf core.
 */
#pragma once
#include "regf.h"

/* Checks the bins at Hive->Image and enters them; forgets volatile leftovers, sorts what is out of order. RegfCorrupt, RegfNoMemory. */
REGF_STATUS RegfCheckImage(REGF_HIVE *Hive, uint32_t Length);

/* ---- Shared by the parts of the check ---- */
typedef struct REGF_CHECK {
    REGF_HIVE *Hive;
    uint8_t *Unclaimed;                          /* a bit for every 8 bytes: a cell in use begins here and nobody refers to it yet */
    uint8_t *InRing;                             /* likewise: an sk cell that was taken and may be shared */
    uint32_t Length;
} REGF_CHECK;

/* Records the flaw; always false. */
bool RegfFail(REGF_CHECK *Check, REGF_FLAW Flaw, uint32_t Cell);
/* The cell is one in use that nobody else refers to and has at least Bytes; from now on it is taken. */
bool RegfClaim(REGF_CHECK *Check, uint32_t Cell, uint32_t Bytes);
bool RegfCheckValues(REGF_CHECK *Check, uint32_t Key);
bool RegfCheckList(REGF_CHECK *Check, uint32_t Key);
bool RegfCheckSecurity(REGF_CHECK *Check, uint32_t Key);
