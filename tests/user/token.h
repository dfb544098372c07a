/* SPDX-License-Identifier: MIT
 * Tokens to start programs with that may do less than we.
 */
#pragma once
#include <windows.h>

static inline void EnablePrivilege(HANDLE Token, const char *Privilege)
{
    TOKEN_PRIVILEGES change = { 1, { { { 0, 0 }, SE_PRIVILEGE_ENABLED } } };

    LookupPrivilegeValueA(NULL, Privilege, &change.Privileges[0].Luid);
    AdjustTokenPrivileges(Token, FALSE, &change, 0, NULL, NULL);
}

/* Our own without privileges but the one for directories, and with up to four groups that can only refuse; NULL: it could not be made. */
static inline HANDLE LowerToken(const WELL_KNOWN_SID_TYPE *Without, int Count)
{
    static BYTE sids[4][SECURITY_MAX_SID_SIZE];
    SID_AND_ATTRIBUTES disabled[4];
    HANDLE token = NULL, lower = NULL;
    int i;

    for (i = 0; i < Count; i++) {
        DWORD size = sizeof(sids[i]);
        disabled[i] = (SID_AND_ATTRIBUTES){ sids[i], 0 };
        if (!CreateWellKnownSid(Without[i], NULL, sids[i], &size))
            return NULL;
    }
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token))
        return NULL;
    EnablePrivilege(token, SE_ASSIGNPRIMARYTOKEN_NAME);
    if (!CreateRestrictedToken(token, DISABLE_MAX_PRIVILEGE, (DWORD)Count, disabled, 0, NULL, 0, NULL, &lower))
        lower = NULL;
    CloseHandle(token);
    return lower;
}
