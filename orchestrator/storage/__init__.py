"""Run folders that lie in an object store: a working folder here, and what is committed there.

Torch, PIL and TensorBoard write local files. So every process works in a local folder, and pushes
what is committed; who goes on elsewhere pulls it first. What is not in the store does not exist.
"""
