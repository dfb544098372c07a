/* SPDX-License-Identifier: MIT
 * What good_device offers: its names and control codes, for its clients.
 */
#pragma once
#include <ntddk.h>

#define DEVICE_NAME L"\\Device\\PetrelGoodDevice"
#define LINK_NAME L"\\DosDevices\\PetrelGoodDevice"
#define STORE_SIZE 256u
#define IOCTL_COMPLEMENT_BUFFERED CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_COMPLEMENT_DIRECT CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define IOCTL_COMPLEMENT_NEITHER CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS)
