/* SPDX-License-Identifier: MIT
 * A program with a token that is neither SYSTEM's nor an administrator's: it starts, and it gets what everybody gets and nothing else.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include "token.h"

static int failures;

static void check(int good, const char *what)
{
    if (!good)
        printf("WRONG: %s (error %lu)\n", what, GetLastError());
    failures += !good;
}

/* ---- The child ---- */
static int Opens(const char *name, DWORD access, DWORD disposition)
{
    HANDLE file = CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, disposition, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return 0;
    CloseHandle(file);
    return 1;
}

static int IsDenied(int done) { return !done && GetLastError() == ERROR_ACCESS_DENIED; }

static int MakesKey(void)
{
    HKEY key;
    LSTATUS status = RegCreateKeyExA(HKEY_LOCAL_MACHINE, "SYSTEM\\Lower", 0, NULL, 0, KEY_WRITE, NULL, &key, NULL);

    SetLastError(status);
    return status == ERROR_SUCCESS;
}

static int Child(void)
{
    check(Opens("C:\\Windows\\System32\\kernel32.dll", GENERIC_READ, OPEN_EXISTING), "files can be read");
    check(Opens("C:\\Windows\\Temp\\lower.txt", GENERIC_WRITE, CREATE_ALWAYS), "files without descriptors can be written");
    check(Opens("NUL", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING), "devices are for everybody");
    check(IsDenied(Opens("\\\\.\\C:", GENERIC_WRITE, OPEN_EXISTING)), "a volume is not written to behind its files");
    check(IsDenied(Opens("\\\\.\\PhysicalDrive0", GENERIC_WRITE, OPEN_EXISTING)), "nor is a disk");
    check(IsDenied(MakesKey()), "the system's keys are not everybody's");
    check(IsDenied(OpenProcess(PROCESS_TERMINATE, FALSE, 4) != NULL), "nobody ends the system");
    printf("lower: 7 checks, %d failed\n", failures);
    return failures;
}

/* ---- The parent ---- */
static DWORD RunLower(void)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION child;
    char line[] = "C:\\lower.exe child";
    static const WELL_KNOWN_SID_TYPE without[] = { WinLocalSystemSid, WinBuiltinAdministratorsSid };
    HANDLE token = LowerToken(without, 2);
    DWORD code = 1;

    check(token != NULL, "a lower token");
    if (!CreateProcessAsUserA(token, NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child)) {
        check(0, "a process with the lower token");
        return 1;
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    check(GetExitCodeProcess(child.hProcess, &code), "how it ended");
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
    CloseHandle(token);
    return code;
}

int main(int count, char **arguments)
{
    DWORD code;

    setbuf(stdout, NULL);
    if (count > 1 && strcmp(arguments[1], "child") == 0)
        return Child();
    code = RunLower();
    printf("the child ended with %lx\n", code);
    return failures + (int)code;
}
