"""May I replace this graph by another? Passes from Graph to Graph, each one public function of its file's name.

They know what ops mean (`ops`), not how they are computed: no loops, no buffers, no targets, no data.
"""
