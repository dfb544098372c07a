/* SPDX-License-Identifier: MIT
 * What a link's target led to last. A name stays with its object until the object is taken out of its directory, so that the way is
 * right as long as nothing was taken out of the namespace, which is counted. The object is not kept alive: its directory does that.
 */
#include "obp.h"

PVOID ObpFollowLink(OBP_SYMBOLIC_LINK *Link, BOOLEAN IgnoreCase, PUSHORT Length)
{
    PVOID found = NULL;

    ExLockShared(&ObpNamespaceLock);
    if (Link->Generation == ObpNamespaceGeneration && Link->IgnoreCase == IgnoreCase) {
        found = Link->Found;
        *Length = Link->Length;
        ObfReferenceObject(found);
    }
    ExUnlockShared(&ObpNamespaceLock);
    return found;
}

VOID ObpRememberWay(OBP_SYMBOLIC_LINK *Link, PVOID Found, USHORT Length, BOOLEAN IgnoreCase, ULONG64 Generation)
{
    ExLockExclusive(&ObpNamespaceLock);
    if (Generation == ObpNamespaceGeneration) {
        Link->Found = Found;
        Link->Length = Length;
        Link->IgnoreCase = IgnoreCase;
        Link->Generation = Generation;
    }
    ExUnlockExclusive(&ObpNamespaceLock);
}
