"""Program -> WebAssembly: the assembler (binary modules, no text format) and the emitters of kernels on top of it."""
