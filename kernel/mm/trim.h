/* SPDX-License-Identifier: MIT
 * Between the trimmer (trim.c, sweep.c) and those that want pages (demand.c).
 */
#pragma once
#include "pagefile.h"

/* The current thread is the one whom MiAwaitPages never waits for. */
VOID MiBecomeTrimmer(VOID);
/* Waits until somebody wants pages; after a hopeless round only for who waits, and for a second. */
VOID MiAwaitDemand(BOOLEAN Hopeless);
/* Those who can go on; after a round all. */
VOID MiTellWaiters(BOOLEAN Gained, BOOLEAN RoundIsOver);
