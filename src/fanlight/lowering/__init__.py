"""Graph -> Program: operations become loop nests over buffers, in an order, in one memory plan, within what a target
can spell."""
