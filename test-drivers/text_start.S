/* SPDX-License-Identifier: MIT
 * First in each image by GNU ld, which gives the start of .text to a dozen symbols of its own: a function there would go by one of
 * their names in a stack.
 */
    .text
    .balign 16
    .skip 16, 0xCC
