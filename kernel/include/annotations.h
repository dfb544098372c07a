/* SPDX-License-Identifier: MIT
 * Gives the SAL IRQL and lock words of the DDK a meaning for clang's -Wthread-safety.
 * Must come before <ntifs.h>, whose own definitions of these words are empty.
 *
 * KiAtDispatch is a capability that stands for "this processor is at DISPATCH_LEVEL or above": raising IRQL acquires it, lowering
 * releases it, and a spin lock acquires it together with the lock. It has no storage.
 */
#pragma once
#define DRIVERSPECS_H
#include <specstrings.h>
#include <concurrencysal.h>

#define TSA_(x) __attribute__((x))

struct TSA_(capability("irql")) KI_IRQL_CAP { int Unused; };
extern struct KI_IRQL_CAP KiAtDispatch;

#define IRQL_MAX_PASSIVE_LEVEL TSA_(locks_excluded(KiAtDispatch))
#define IRQL_MAX_APC_LEVEL TSA_(locks_excluded(KiAtDispatch))
#define IRQL_MAX_DISPATCH_LEVEL
#define IRQL_MAX_HIGH_LEVEL
#define IRQL_MIN_PASSIVE_LEVEL
#define IRQL_MIN_APC_LEVEL
#define IRQL_MIN_DISPATCH_LEVEL TSA_(requires_capability(KiAtDispatch))
#define _IRQL_requires_max_(l) IRQL_MAX_##l
#define _IRQL_requires_min_(l) IRQL_MIN_##l
#define _IRQL_requires_(l) IRQL_MIN_##l
#define _IRQL_raises_(l)
#define _IRQL_saves_
#define _IRQL_restores_
#define _IRQL_requires_same_

/* After the parameter list: in C a prefix attribute cannot see the parameters. */
#define ACQUIRES_LOCK(l) TSA_(acquire_capability(l, KiAtDispatch))
#define RELEASES_LOCK(l) TSA_(release_capability(l, KiAtDispatch))
#define REQUIRES_LOCK(l) TSA_(requires_capability(l))
#define EXCLUDES_LOCK(l) TSA_(locks_excluded(l))
#define UNCHECKED_LOCKS TSA_(no_thread_safety_analysis)
#define GUARDED_BY(l) TSA_(guarded_by(l))
