# SPDX-License-Identifier: MIT
# Flags and functions shared by the images that run in the machine.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

set(PETREL_DDK /usr/share/mingw-w64/include)
set(PETREL_IMAGE_DIR ${CMAKE_BINARY_DIR}/image)          # what the boot volume will hold, laid out as on it
file(MAKE_DIRECTORY ${PETREL_IMAGE_DIR})

add_library(petrel_warnings INTERFACE)
target_compile_options(petrel_warnings INTERFACE
    -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wimplicit-fallthrough
    -Wno-unused-parameter -Wno-microsoft-anon-tag -Wno-missing-field-initializers)

# Reproducible: no absolute paths, no time stamps.
add_library(petrel_reproducible INTERFACE)
target_compile_options(petrel_reproducible INTERFACE
    -ffile-prefix-map=${PETREL_ROOT}/= -fdebug-compilation-dir=. -gno-codeview-command-line -fno-ident $<$<CONFIG:Debug>:-DDBG=1 -O1 -g> $<$<CONFIG:Release>:-DDBG=0 -O2 -g>
    -gcodeview)

# Kernel-mode code: no red zone on this ABI by definition; SSE is allowed by the x64 driver ABI, AVX and x87 are not.
add_library(petrel_kernel_mode INTERFACE)
target_compile_options(petrel_kernel_mode INTERFACE
    -ffreestanding -fms-extensions -fno-builtin -mno-stack-arg-probe -fno-stack-protector -fasynchronous-unwind-tables
    -fno-strict-aliasing -fwrapv -mno-avx -mcmodel=small -D_WIN32_WINNT=0x0A00 -DNTDDI_VERSION=0x0A000000
    -D_AMD64_ -DUNICODE
    # mingw-w64's intrinsics and its DDK both have these two, and together they end up in every object.
    -D__INTRINSIC_DEFINED_InterlockedBitTestAndSet -D__INTRINSIC_DEFINED_InterlockedBitTestAndReset)
target_include_directories(petrel_kernel_mode SYSTEM INTERFACE ${PETREL_DDK} ${PETREL_DDK}/ddk)
target_link_libraries(petrel_kernel_mode INTERFACE petrel_warnings petrel_reproducible)

# petrel_link(TARGET OUTPUT FLAGS...): links a PE image with a PDB beside it and puts the image into the boot volume's tree.
function(petrel_link target output)
    get_filename_component(name ${output} NAME)
    get_filename_component(folder ${PETREL_IMAGE_DIR}/${output} DIRECTORY)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${folder} SUFFIX "")
    list(JOIN ARGN " " extra)
    set_target_properties(${target} PROPERTIES LINK_FLAGS
        "/nodefaultlib /debug /Brepro /pdb:${CMAKE_BINARY_DIR}/symbols/${name}.pdb /opt:ref /opt:noicf ${extra}")
endfunction()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/symbols)
