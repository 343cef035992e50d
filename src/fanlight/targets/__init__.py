"""Program -> code: a package a target, with spelling tables, tilings and emitters. Targets never import each other."""
