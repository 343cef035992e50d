"""Runs compiled programs from Python."""
