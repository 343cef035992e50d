"""Which network is in what TensorFlow or TensorFlow.js wrote? Bytes -> records of nodes -> layers."""
