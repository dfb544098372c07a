/* SPDX-License-Identifier: MIT
 * The method slots of OBJECT_TYPE_INITIALIZER. NT keeps their prototypes private; these carry what NT's own callers pass.
 * Included by nt.h between the DDK and the generated structures.
 */
#pragma once

typedef enum _OB_OPEN_REASON { ObCreateHandle, ObOpenHandle, ObDuplicateHandle, ObInheritHandle } OB_OPEN_REASON;

/* A handle is about to come into being; a failure refuses it. */
typedef NTSTATUS OB_OPEN_METHOD(OB_OPEN_REASON Reason, KPROCESSOR_MODE Mode, PEPROCESS Process, PVOID Object,
                                ACCESS_MASK GrantedAccess, ULONG HandleCount);
/* A handle is gone; SystemHandleCount is how many were left before it, over all processes. */
typedef VOID OB_CLOSE_METHOD(PEPROCESS Process, PVOID Object, ULONG_PTR ProcessHandleCount, ULONG_PTR SystemHandleCount);
/* The last reference is gone; PASSIVE_LEVEL; the body is freed after the return. */
typedef VOID OB_DELETE_METHOD(PVOID Object);
/* Continues a name look-up inside Object. *Found is referenced on success. STATUS_REPARSE: CompleteName was replaced, start again. */
typedef NTSTATUS OB_PARSE_METHOD(PVOID Object, POBJECT_TYPE ObjectType, PACCESS_STATE AccessState, KPROCESSOR_MODE Mode,
                                 ULONG Attributes, PUNICODE_STRING CompleteName, PUNICODE_STRING RemainingName, PVOID Context,
                                 PSECURITY_QUALITY_OF_SERVICE Qos, PVOID *Found);
/* Keeps the security descriptor of an object that ob does not keep it for. OperationCode is a SECURITY_OPERATION_CODE: set (from
 * Descriptor, kernel memory) or query (into Descriptor, *Length bytes, which becomes the length needed). */
typedef NTSTATUS OB_SECURITY_METHOD(PVOID Object, ULONG OperationCode, PSECURITY_INFORMATION Information,
                                    PSECURITY_DESCRIPTOR Descriptor, PULONG Length, PSECURITY_DESCRIPTOR *ObjectDescriptor,
                                    POOL_TYPE PoolType, PGENERIC_MAPPING Mapping, KPROCESSOR_MODE Mode);
typedef NTSTATUS OB_QUERYNAME_METHOD(PVOID Object, BOOLEAN HasName, POBJECT_NAME_INFORMATION Name, ULONG Length,
                                     PULONG ReturnLength, KPROCESSOR_MODE Mode);
typedef BOOLEAN OB_OKAYTOCLOSE_METHOD(PEPROCESS Process, PVOID Object, HANDLE Handle, KPROCESSOR_MODE Mode);
