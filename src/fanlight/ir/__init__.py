"""What is a program? Types, dims, graphs, modules, scalar expressions, kernels, and the tools to read and check them.

Imports nothing of Fanlight but `errors`.
"""
