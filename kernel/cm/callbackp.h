/* SPDX-License-Identifier: MIT
 * Registered callbacks, shared by callback.c (calling them) and register.c (registering them, contexts, names).
 */
#pragma once
#include "cmp.h"

typedef struct CMP_CALLBACK {
    LIST_ENTRY Links;                            /* CmpCallbackLock; highest altitude first */
    LIST_ENTRY Contexts;                         /* CmpCallbackLock */
    EX_RUNDOWN_REF Calls;                        /* held while it is called, and from before an operation until after it */
    EX_RUNDOWN_REF Cleanups;                     /* held while a context is cleaned up; outlives Calls */
    PEX_CALLBACK_FUNCTION Function;              /* I */
    PVOID Context;                               /* I */
    LARGE_INTEGER Cookie;                        /* I */
    UNICODE_STRING Altitude;                     /* I in pool; empty: registered without one, above all others */
} CMP_CALLBACK;

typedef struct CMP_CONTEXT {
    LIST_ENTRY BodyLinks, CallbackLinks;         /* CmpCallbackLock */
    CMP_CALLBACK *Callback;                      /* I */
    PCM_KEY_BODY Body;                           /* I */
    PVOID Context;                               /* CmpCallbackLock */
} CMP_CONTEXT;

extern EX_PUSH_LOCK CmpCallbackLock;
extern LIST_ENTRY CmpCallbacks;                  /* CmpCallbackLock */
extern volatile LONG CmpCallbackCount;           /* CmpCallbackLock; read without it to see that there are none */

/* The context of Body for Callback, or NULL. The callback lock is held. */
CMP_CONTEXT *CmpFindContextLocked(PCM_KEY_BODY Body, const CMP_CALLBACK *Callback);
