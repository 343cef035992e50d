"""Models that PyTorch, scikit-learn, Hugging Face and others export: `.onnx` -> a network."""
