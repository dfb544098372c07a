/* SPDX-License-Identifier: MIT
 * Ctrl+C for a program that computes for ever: with a handler it goes on until it is told so, without one it ends there and then.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static volatile LONG Told;

static BOOL WINAPI Handler(DWORD Event)
{
    if (Event != CTRL_C_EVENT)
        return FALSE;
    InterlockedIncrement(&Told);
    return TRUE;
}

int main(int Count, char **Arguments)
{
    int handles = Count > 1 && strcmp(Arguments[1], "handler") == 0;
    LONG last = 0, now;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (handles && !SetConsoleCtrlHandler(Handler, TRUE))
        return 1;
    printf("looping>");
    while ((now = Told) < 2)
        if (now != last) {
            last = now;
            printf("told %ld>", now);
        }
    printf("told %ld\n", now);
    return 5;
}
