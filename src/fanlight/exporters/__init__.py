"""How do networks become other people's files? One file for each kind."""
