"""How do other people's models become networks? One folder for each kind of file: `read` gives records, tables of rules
make layers of them. What is read is untrusted."""
