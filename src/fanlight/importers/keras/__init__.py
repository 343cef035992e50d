"""What is a Keras file to Fanlight? `read` opens it, `build` makes its network, `weights` finds its numbers."""
