"""Serves what an export wrote, on this machine or the local network."""
