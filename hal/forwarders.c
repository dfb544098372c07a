/* SPDX-License-Identifier: MIT
 * hal.dll has no code of its own; a linker wants at least one object.
 */
typedef int HAL_FORWARDERS_ONLY;
