"""What is in the files that TensorFlow writes, and which network is in them?"""
