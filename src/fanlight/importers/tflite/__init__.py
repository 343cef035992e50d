"""What is in a TensorFlow Lite file? Bytes to records to layers; numbers of 8 bits are computed as whole numbers."""
