/* SPDX-License-Identifier: MIT
 * The well-known SIDs and privileges, as drivers find them through SeExports.
 */
#include "sep.h"
#include "mm.h"

typedef struct SEP_SID {                         /* a SID with room for the longest here */
    UCHAR Revision, SubAuthorityCount;
    SID_IDENTIFIER_AUTHORITY Authority;
    ULONG SubAuthority[6];
} SEP_SID;

#define SEP_SID_OF(authority, count, ...) { SID_REVISION, count, { { 0, 0, 0, 0, 0, authority } }, { __VA_ARGS__ } }
#define SEP_NT(count, ...) SEP_SID_OF(5, count, __VA_ARGS__)
#define SEP_ALIAS(rid) SEP_SID_OF(5, 2, 32, rid)

static SEP_SID SepNull = SEP_SID_OF(0, 1, 0), SepWorld = SEP_SID_OF(1, 1, 0), SepLocal = SEP_SID_OF(2, 1, 0),
               SepCreatorOwner = SEP_SID_OF(3, 1, 0), SepCreatorGroup = SEP_SID_OF(3, 1, 1), SepOwnerRights = SEP_SID_OF(3, 1, 4),
               SepNtAuthority = SEP_NT(0), SepDialup = SEP_NT(1, 1), SepNetwork = SEP_NT(1, 2), SepBatch = SEP_NT(1, 3),
               SepInteractive = SEP_NT(1, 4), SepAnonymous = SEP_NT(1, 7), SepAuthenticated = SEP_NT(1, 11),
               SepRestrictedCode = SEP_NT(1, 12), SepIUser = SEP_NT(1, 17), SepSystem = SEP_NT(1, 18),
               SepLocalService = SEP_NT(1, 19), SepNetworkService = SEP_NT(1, 20), SepAdmins = SEP_ALIAS(544),
               SepUsers = SEP_ALIAS(545), SepGuests = SEP_ALIAS(546), SepPowerUsers = SEP_ALIAS(547),
               SepAccountOps = SEP_ALIAS(548), SepSystemOps = SEP_ALIAS(549), SepPrintOps = SEP_ALIAS(550),
               SepBackupOps = SEP_ALIAS(551), SepUntrusted = SEP_SID_OF(16, 1, 0), SepLow = SEP_SID_OF(16, 1, 0x1000),
               SepMedium = SEP_SID_OF(16, 1, 0x2000), SepHigh = SEP_SID_OF(16, 1, 0x3000),
               SepSystemLabel = SEP_SID_OF(16, 1, 0x4000), SepAllPackages = SEP_SID_OF(15, 2, 2, 1),
               SepUserModeDrivers = SEP_NT(6, 84, 0, 0, 0, 0, 0), SepTrustWinTcb = SEP_SID_OF(19, 2, 1024, 8192),
               SepTrustedInstaller = SEP_NT(6, 80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464);

PSID SepSystemSid = &SepSystem, SepAdministratorsSid = &SepAdmins, SepWorldSid = &SepWorld, SepAuthenticatedSid = &SepAuthenticated,
     SepSystemLabelSid = &SepSystemLabel, SepOwnerRightsSid = &SepOwnerRights, SepCreatorOwnerSid = &SepCreatorOwner,
     SepCreatorGroupSid = &SepCreatorGroup;
const LUID SepSystemLuid = SYSTEM_LUID;

/* The DDK's structure ends with Windows 7; this is how Windows 10 continues it. */
typedef struct SEP_EXPORTS {
    SE_EXPORTS Known;
    PSID SeAllAppPackagesSid, SeUserModeDriversSid, SeProcTrustWinTcbSid, SeTrustedInstallerSid;
    LUID SeDelegateSessionUserImpersonatePrivilege;
} SEP_EXPORTS;

static SEP_EXPORTS SepExports = {
    .Known = {
        .SeCreateTokenPrivilege = { SE_CREATE_TOKEN_PRIVILEGE, 0 },
        .SeAssignPrimaryTokenPrivilege = { SE_ASSIGNPRIMARYTOKEN_PRIVILEGE, 0 },
        .SeLockMemoryPrivilege = { SE_LOCK_MEMORY_PRIVILEGE, 0 },
        .SeIncreaseQuotaPrivilege = { SE_INCREASE_QUOTA_PRIVILEGE, 0 },
        .SeUnsolicitedInputPrivilege = { SE_MACHINE_ACCOUNT_PRIVILEGE, 0 },      /* the number that was given away later */
        .SeTcbPrivilege = { SE_TCB_PRIVILEGE, 0 },
        .SeSecurityPrivilege = { SE_SECURITY_PRIVILEGE, 0 },
        .SeTakeOwnershipPrivilege = { SE_TAKE_OWNERSHIP_PRIVILEGE, 0 },
        .SeLoadDriverPrivilege = { SE_LOAD_DRIVER_PRIVILEGE, 0 },
        .SeCreatePagefilePrivilege = { SE_CREATE_PAGEFILE_PRIVILEGE, 0 },
        .SeIncreaseBasePriorityPrivilege = { SE_INC_BASE_PRIORITY_PRIVILEGE, 0 },
        .SeSystemProfilePrivilege = { SE_SYSTEM_PROFILE_PRIVILEGE, 0 },
        .SeSystemtimePrivilege = { SE_SYSTEMTIME_PRIVILEGE, 0 },
        .SeProfileSingleProcessPrivilege = { SE_PROF_SINGLE_PROCESS_PRIVILEGE, 0 },
        .SeCreatePermanentPrivilege = { SE_CREATE_PERMANENT_PRIVILEGE, 0 },
        .SeBackupPrivilege = { SE_BACKUP_PRIVILEGE, 0 },
        .SeRestorePrivilege = { SE_RESTORE_PRIVILEGE, 0 },
        .SeShutdownPrivilege = { SE_SHUTDOWN_PRIVILEGE, 0 },
        .SeDebugPrivilege = { SE_DEBUG_PRIVILEGE, 0 },
        .SeAuditPrivilege = { SE_AUDIT_PRIVILEGE, 0 },
        .SeSystemEnvironmentPrivilege = { SE_SYSTEM_ENVIRONMENT_PRIVILEGE, 0 },
        .SeChangeNotifyPrivilege = { SE_CHANGE_NOTIFY_PRIVILEGE, 0 },
        .SeRemoteShutdownPrivilege = { SE_REMOTE_SHUTDOWN_PRIVILEGE, 0 },
        .SeUndockPrivilege = { SE_UNDOCK_PRIVILEGE, 0 },
        .SeSyncAgentPrivilege = { SE_SYNC_AGENT_PRIVILEGE, 0 },
        .SeEnableDelegationPrivilege = { SE_ENABLE_DELEGATION_PRIVILEGE, 0 },
        .SeManageVolumePrivilege = { SE_MANAGE_VOLUME_PRIVILEGE, 0 },
        .SeImpersonatePrivilege = { SE_IMPERSONATE_PRIVILEGE, 0 },
        .SeCreateGlobalPrivilege = { SE_CREATE_GLOBAL_PRIVILEGE, 0 },
        .SeTrustedCredManAccessPrivilege = { SE_TRUSTED_CREDMAN_ACCESS_PRIVILEGE, 0 },
        .SeRelabelPrivilege = { SE_RELABEL_PRIVILEGE, 0 },
        .SeIncreaseWorkingSetPrivilege = { SE_INC_WORKING_SET_PRIVILEGE, 0 },
        .SeTimeZonePrivilege = { SE_TIME_ZONE_PRIVILEGE, 0 },
        .SeCreateSymbolicLinkPrivilege = { SE_CREATE_SYMBOLIC_LINK_PRIVILEGE, 0 },
        .SeNullSid = &SepNull, .SeWorldSid = &SepWorld, .SeLocalSid = &SepLocal, .SeCreatorOwnerSid = &SepCreatorOwner,
        .SeCreatorGroupSid = &SepCreatorGroup, .SeNtAuthoritySid = &SepNtAuthority, .SeDialupSid = &SepDialup,
        .SeNetworkSid = &SepNetwork, .SeBatchSid = &SepBatch, .SeInteractiveSid = &SepInteractive,
        .SeLocalSystemSid = &SepSystem, .SeAliasAdminsSid = &SepAdmins, .SeAliasUsersSid = &SepUsers,
        .SeAliasGuestsSid = &SepGuests, .SeAliasPowerUsersSid = &SepPowerUsers, .SeAliasAccountOpsSid = &SepAccountOps,
        .SeAliasSystemOpsSid = &SepSystemOps, .SeAliasPrintOpsSid = &SepPrintOps, .SeAliasBackupOpsSid = &SepBackupOps,
        .SeAuthenticatedUsersSid = &SepAuthenticated, .SeRestrictedSid = &SepRestrictedCode,
        .SeAnonymousLogonSid = &SepAnonymous, .SeLocalServiceSid = &SepLocalService,
        .SeNetworkServiceSid = &SepNetworkService, .SeIUserSid = &SepIUser, .SeUntrustedMandatorySid = &SepUntrusted,
        .SeLowMandatorySid = &SepLow, .SeMediumMandatorySid = &SepMedium, .SeHighMandatorySid = &SepHigh,
        .SeSystemMandatorySid = &SepSystemLabel, .SeOwnerRightsSid = &SepOwnerRights,
    },
    .SeAllAppPackagesSid = &SepAllPackages, .SeUserModeDriversSid = &SepUserModeDrivers,
    .SeProcTrustWinTcbSid = &SepTrustWinTcb, .SeTrustedInstallerSid = &SepTrustedInstaller,
    .SeDelegateSessionUserImpersonatePrivilege = { SEP_HIGHEST_PRIVILEGE, 0 },
};
PSE_EXPORTS SeExports = &SepExports.Known;

/* Locally unique until the machine starts again; those below are well known. */
LUID SepNewLuid(VOID)
{
    static volatile LONG64 next = 0x3E8;
    LONG64 value = InterlockedIncrement64(&next);
    LUID luid = { (ULONG)value, (LONG)(value >> 32) };
    return luid;
}

NTSTATUS NTAPI NtAllocateLocallyUniqueId(PLUID Luid)
{
    LUID luid = SepNewLuid();
    return MmWriteCaller(ObPreviousMode(), Luid, &luid, sizeof(luid));
}
