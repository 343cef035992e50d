"""How does a program become files? The manifest, the weights, the page and the modules, written and read back."""
