"""What a program is: types, dims, graphs, modules, scalar expressions, kernels. Imports nothing from Fanlight but `errors`."""
