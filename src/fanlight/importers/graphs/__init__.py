"""What do importers of graphs share? Records of nodes, rules by kind, layers made of nodes, a network of these."""
