/* SPDX-License-Identifier: MIT
 * Return addresses of the calling stack.
 */
#include "unwind.h"

#define WALK_USER_MODE 1u                 /* RtlWalkFrameChain's flag */

/* Stores the frames from Context outward, the first Skip left out. */
static ULONG RtlpWalk(PCONTEXT context, ULONG skip, ULONG count, PVOID *frames)
{
    ULONG stored = 0, i;

    for (i = 0; i < RTLP_FRAME_LIMIT && stored < count; i++) {
        if (context->Rip == 0)
            break;
        if (i >= skip)
            frames[stored++] = (PVOID)context->Rip;
        if (!RtlUnwindOneFrame(context))
            break;
    }
    return stored;
}

/* Frame 0 is in the calling function. *BackTraceHash becomes the sum of the frames. */
USHORT NTAPI RtlCaptureStackBackTrace(ULONG FramesToSkip, ULONG FramesToCapture, PVOID *BackTrace, PULONG BackTraceHash)
{
    CONTEXT context;
    ULONG count, i, hash = 0;

    RtlCaptureContext(&context);
    count = RtlpWalk(&context, FramesToSkip + 1, FramesToCapture < MAXUSHORT ? FramesToCapture : MAXUSHORT, BackTrace);
    for (i = 0; i < count; i++)
        hash += (ULONG)(ULONG_PTR)BackTrace[i];
    if (BackTraceHash != NULL)
        *BackTraceHash = hash;
    return (USHORT)count;
}

/* User-mode stacks are not walked: 0 frames. */
ULONG NTAPI RtlWalkFrameChain(PVOID *Callers, ULONG Count, ULONG Flags)
{
    CONTEXT context;

    if ((Flags & WALK_USER_MODE) != 0)
        return 0;
    RtlCaptureContext(&context);
    return RtlpWalk(&context, 1, Count, Callers);
}
