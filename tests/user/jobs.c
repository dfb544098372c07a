/* SPDX-License-Identifier: MIT
 * Jobs as a program sees them: who is in which, limits, messages of a port, and ends. `jobs wait` is a child that waits for ever,
 * `jobs child` one that starts such a child and ends.
 */
#include <stdio.h>
#include <windows.h>

static void check(int good, const char *what)
{
    printf("%s: %s", good ? "ok" : "WRONG", what);
    if (!good)
        printf(" (error %lu)", GetLastError());
    printf("\n");
}

static HANDLE Start(const char *Argument, DWORD Flags, DWORD *Id)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION information;
    char line[64];

    snprintf(line, sizeof(line), "jobs %s", Argument);
    if (!CreateProcessA("C:\\jobs.exe", line, NULL, NULL, FALSE, Flags, NULL, NULL, &startup, &information))
        return NULL;
    if (Flags & CREATE_SUSPENDED)
        ResumeThread(information.hThread);
    CloseHandle(information.hThread);
    if (Id != NULL)
        *Id = information.dwProcessId;
    return information.hProcess;
}

static void Limit(HANDLE Job, DWORD Flags, DWORD Active)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { 0 };

    limits.BasicLimitInformation.LimitFlags = Flags;
    limits.BasicLimitInformation.ActiveProcessLimit = Active;
    check(SetInformationJobObject(Job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)), "limits");
}

static int Ended(HANDLE Process, DWORD Code)
{
    DWORD code;
    return WaitForSingleObject(Process, INFINITE) == WAIT_OBJECT_0 && GetExitCodeProcess(Process, &code) && code == Code;
}

static void Expect(HANDLE Port, DWORD Message, DWORD Process, const char *What)
{
    OVERLAPPED *id;
    ULONG_PTR key;
    DWORD message;

    check(GetQueuedCompletionStatus(Port, &message, &key, &id, INFINITE) && key == 5 && message == Message &&
          (Process == 0 || (ULONG_PTR)id == Process), What);
}

static void Together(void)
{
    HANDLE job = CreateJobObjectA(NULL, "petrel job"), port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0), one, two;
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT told = { (void *)5, port };
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION facts;
    struct { JOBOBJECT_BASIC_PROCESS_ID_LIST List; ULONG_PTR More[3]; } ids;
    DWORD first, second;
    BOOL inside;

    check(job != NULL && OpenJobObjectA(JOB_OBJECT_QUERY, FALSE, "petrel job") != NULL, "a job with a name");
    check(SetInformationJobObject(job, JobObjectAssociateCompletionPortInformation, &told, sizeof(told)), "a port");
    one = Start("wait", 0, &first);
    check(IsProcessInJob(one, job, &inside) && !inside, "a process outside");
    check(AssignProcessToJobObject(job, one), "which enters");
    check(IsProcessInJob(one, job, &inside) && inside, "and is inside");
    check(!AssignProcessToJobObject(job, one) && GetLastError() == ERROR_ACCESS_DENIED, "once only");
    Expect(port, JOB_OBJECT_MSG_NEW_PROCESS, first, "the port hears of it");
    Limit(job, JOB_OBJECT_LIMIT_ACTIVE_PROCESS, 1);
    two = Start("wait", 0, &second);
    check(!AssignProcessToJobObject(job, two) && GetLastError() == ERROR_NOT_ENOUGH_QUOTA, "no room for another");
    Expect(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT, 0, "the port hears of that, too");
    Limit(job, 0, 0);
    check(AssignProcessToJobObject(job, two), "and now there is");
    Expect(port, JOB_OBJECT_MSG_NEW_PROCESS, second, "the port hears of it");
    check(QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, sizeof(ids), NULL) && ids.List.NumberOfAssignedProcesses == 2 &&
          ids.List.NumberOfProcessIdsInList == 2 && ids.List.ProcessIdList[0] == first && ids.List.ProcessIdList[1] == second, "both are listed");
    check(!QueryInformationJobObject(job, JobObjectBasicProcessIdList, &ids, sizeof(ids.List), NULL) && GetLastError() == ERROR_MORE_DATA,
          "as far as there is room");
    check(TerminateJobObject(job, 99) && Ended(one, 99) && Ended(two, 99), "all end together");
    Expect(port, JOB_OBJECT_MSG_EXIT_PROCESS, 0, "the first has ended");
    Expect(port, JOB_OBJECT_MSG_EXIT_PROCESS, 0, "the second has ended");
    Expect(port, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, 0, "nobody is left");
    check(QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &facts, sizeof(facts), NULL) && facts.TotalProcesses == 2 &&
          facts.ActiveProcesses == 0 && facts.TotalTerminatedProcesses == 2, "and the job has counted");
}

static void Family(void)
{
    HANDLE outer = CreateJobObjectA(NULL, NULL), inner = CreateJobObjectA(NULL, NULL), other = CreateJobObjectA(NULL, NULL), child, free;
    BOOL inside;

    check(AssignProcessToJobObject(outer, GetCurrentProcess()), "into a job ourselves");
    child = Start("wait", 0, NULL);
    check(IsProcessInJob(child, outer, &inside) && inside, "with our children");
    check(!Start("wait", CREATE_BREAKAWAY_FROM_JOB, NULL) && GetLastError() == ERROR_ACCESS_DENIED, "who must not break away");
    check(AssignProcessToJobObject(inner, child) && IsProcessInJob(child, outer, &inside) && inside, "a job in a job");
    check(AssignProcessToJobObject(other, child) && IsProcessInJob(child, inner, &inside) && inside, "and in that another one");
    check(!AssignProcessToJobObject(inner, GetCurrentProcess()) || IsProcessInJob(GetCurrentProcess(), inner, &inside), "we may follow");
    Limit(outer, JOB_OBJECT_LIMIT_BREAKAWAY_OK, 0);
    Limit(inner, JOB_OBJECT_LIMIT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, 0);
    free = Start("wait", CREATE_BREAKAWAY_FROM_JOB, NULL);
    check(free != NULL && IsProcessInJob(free, NULL, &inside) && !inside, "who may break away");
    TerminateProcess(free, 0);
    check(TerminateJobObject(inner, 7) == 0, "nobody comes here");       /* we are in it */
}

static void Closed(void)
{
    HANDLE job = CreateJobObjectA(NULL, NULL), child;

    Limit(job, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, 0);
    child = Start("child", CREATE_SUSPENDED, NULL);
    check(AssignProcessToJobObject(job, child), "a child with a child");
    CloseHandle(job);
    check(WaitForSingleObject(child, INFINITE) == WAIT_OBJECT_0, "ends with the last handle");
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == 'w')
        Sleep(INFINITE);
    if (argc > 1) {
        WaitForSingleObject(Start("wait", 0, NULL), INFINITE);
        return 0;
    }
    setvbuf(stdout, NULL, _IONBF, 0);            /* we are ended from outside */
    Together();
    Closed();
    Family();
    return 1;
}
